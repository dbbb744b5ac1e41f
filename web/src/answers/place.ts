// Where an exercise stands on a page, and what the page says of it.

export interface Place {
  element: HTMLElement;
  name: string; // as in check("4.1-swap", …)
  asks: string; // number, list, table, word, yes-no, truth or function
  module: string; // that declares it
  page: string;
  total: number; // exercises on the page
}

export function placesOf(root: ParentNode): Place[] {
  const elements = [...root.querySelectorAll<HTMLElement>(".llmbook-exercise")];
  return elements.map((element) => {
    const { name = "", asks = "", module = "", page = "" } = element.dataset;
    return { element, name, asks, module, page, total: elements.length };
  });
}
