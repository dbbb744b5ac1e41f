// Numbers with the four operations, powers, percent, roots, logarithms and lists, read by descent: a function a rule.
//
//   several  one {"," one} [","]            several without brackets are a tuple
//   one      term {("+" | "-") term}
//   term     signed {("*" | "/") signed | "%"}
//   signed   ("+" | "-") signed | power
//   power    atom ["**" signed]
//   atom     number | name | function "(" one ")" | "(" several ")" | "[" several "]" | "..."

import { type Numbers, scalar } from "./numbers";
import { isParts, type Typed } from "./typed";

const DIGITS = "\\d+(?:_\\d+)*";
const NUMBER = `(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?`;
const TOKEN = new RegExp(`\\s*(?:(${NUMBER})|([A-Za-z_][\\w.]*)|(\\.\\.\\.|\\*\\*|[-+*/%()\\[\\],]))`, "y");
const EXACT = 2 ** 53; // up to here all whole numbers are different
const NAMES: Record<string, Typed> = {
  True: scalar("bool", 1),
  False: scalar("bool", 0),
  None: null,
  pi: scalar("float64", Math.PI),
  nan: scalar("float64", Number.NaN),
  inf: scalar("float64", Number.POSITIVE_INFINITY),
};
const FUNCTIONS: Record<string, (x: number) => number> = {
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
};

/** Thrown at what the grammar does not know, and caught in `parse`. */
class Unknown extends Error {}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(text)?.[0].trim();
    if (!token) throw new Unknown();
    tokens.push(token);
  }
  return tokens;
}

/** A number, whole as long as it can be; not one that has left what numbers can hold. */
function numberOf(value: number, whole = false): Numbers {
  if (!Number.isFinite(value)) throw new Unknown();
  return scalar(whole && Math.abs(value) <= EXACT ? "int64" : "float64", value);
}

/** The one finite number that can be calculated with. */
function finite(typed: Typed): { x: number; whole: boolean } {
  if (typed === null || typeof typed === "string" || isParts(typed) || typed.type === "bool") throw new Unknown();
  const [x = Number.NaN] = typed.flat;
  if (!Number.isFinite(x)) throw new Unknown();
  return { x, whole: typed.type === "int64" };
}

function calculated(left: Typed, sign: string, right: Typed): Numbers {
  const { x, whole } = finite(left);
  const { x: y, whole: wholeToo } = finite(right);
  const both = whole && wholeToo;
  if (sign === "+") return numberOf(x + y, both);
  if (sign === "-") return numberOf(x - y, both);
  if (sign === "*") return numberOf(x * y, both);
  if (sign === "/") return numberOf(x / y);
  if (!both || y < 0) return numberOf(x ** y);
  if (y > 1100 && Math.abs(x) > 1) throw new Unknown();
  return numberOf(Number(BigInt(x) ** BigInt(y)), true);
}

function negated(typed: Typed): Numbers {
  if (typed === null || typeof typed === "string" || isParts(typed) || typed.type === "bool") throw new Unknown();
  return { ...typed, flat: typed.flat.map((x) => (typed.type === "int64" ? 0 - x : -x)) };
}

class Reader {
  readonly #tokens: string[];
  #at = 0;

  constructor(tokens: string[]) {
    this.#tokens = tokens;
  }

  #taken(...signs: string[]): string | null {
    const token = this.#tokens[this.#at] ?? "";
    if (!signs.includes(token)) return null;
    this.#at += 1;
    return token;
  }

  #expect(sign: string): void {
    if (!this.#taken(sign)) throw new Unknown();
  }

  /** All there is. */
  all(): Typed {
    const typed = this.#several("", true);
    if (this.#at < this.#tokens.length) throw new Unknown();
    return typed;
  }

  /** What stands before the closing bracket: a list, or in round brackets or none a tuple or the one thing itself. */
  #several(close: string, tuple: boolean): Typed {
    const parts: Typed[] = [];
    let commas = 0;
    while ((this.#tokens[this.#at] ?? "") !== close) {
      parts.push(this.#one());
      if (!this.#taken(",")) break;
      commas += 1;
    }
    if (close) this.#expect(close);
    const [only] = parts;
    if (tuple && commas === 0 && only !== undefined) return only;
    if (tuple && !close && only === undefined) throw new Unknown();
    return { tuple, parts };
  }

  #one(): Typed {
    let left = this.#term();
    for (let sign = this.#taken("+", "-"); sign; sign = this.#taken("+", "-"))
      left = calculated(left, sign, this.#term());
    return left;
  }

  #term(): Typed {
    let left = this.#signed();
    for (let sign = this.#taken("*", "/", "%"); sign; sign = this.#taken("*", "/", "%"))
      left = sign === "%" ? calculated(left, "/", scalar("int64", 100)) : calculated(left, sign, this.#signed());
    return left;
  }

  #signed(): Typed {
    if (this.#taken("-")) return negated(this.#signed());
    if (!this.#taken("+")) return this.#power();
    return negated(negated(this.#signed()));
  }

  #power(): Typed {
    const base = this.#atom();
    return this.#taken("**") ? calculated(base, "**", this.#signed()) : base;
  }

  #atom(): Typed {
    if (this.#taken("(")) return this.#several(")", true);
    if (this.#taken("[")) return this.#several("]", false);
    const token = (this.#tokens[this.#at++] ?? "").replace(/^math\./, "");
    if (token === "...") return null;
    if (Object.hasOwn(NAMES, token)) return NAMES[token] ?? null;
    if (/^[\d.]/.test(token)) return literal(token.replaceAll("_", ""));
    const called = Object.hasOwn(FUNCTIONS, token) && this.#taken("(") ? FUNCTIONS[token] : undefined;
    if (!called) throw new Unknown();
    const { x } = finite(this.#one());
    this.#expect(")");
    return numberOf(called(x));
  }
}

function literal(digits: string): Numbers {
  const value = Number(digits);
  return scalar(/^\d+$/.test(digits) && value <= EXACT ? "int64" : "float64", value);
}

/** What the text says; itself where the grammar does not know it. */
export function parse(text: string, otherwise: string): Typed {
  try {
    return new Reader(tokensOf(text)).all();
  } catch (error) {
    if (error instanceof Unknown) return otherwise;
    throw error;
  }
}
