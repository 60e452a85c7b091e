/**
 * Label selectors as the API server parses them, with its messages: equality, `in`, `notin`, existence, `!key`, `>`
 * and `<`. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
import type { Fields } from "./json.ts";
import { labelValueFaults, qualifiedNameFaults } from "./names.ts";
import { badRequest } from "./refusal.ts";

export type Matcher = (labels: Fields) => boolean;

const TOKEN = /\s*(==|!=|[(),!=<>]|[^\s(),!=<>]+)/y;
const SYMBOLS: ReadonlySet<string> = new Set(["==", "!=", "(", ")", ",", "!", "=", "<", ">"]);
/** Behind the last token; its text is empty. */
const END = "";

interface Tokens {
  peek(): string;
  next(): string;
}

const tokensOf = (text: string): Tokens => {
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) tokens.push(match[1] ?? END);
  let at = 0;
  return { peek: () => tokens[at] ?? END, next: () => tokens[at++] ?? END };
};

const isWord = (token: string): boolean => token !== END && !SYMBOLS.has(token);

const unexpected = (found: string, expected: string): string => `found '${found}', expected: ${expected}`;

/** A requirement that is wrong gives its message. */
type Parsed<T> = { readonly value: T } | { readonly fault: string };

const parseList = (tokens: Tokens): Parsed<readonly string[]> => {
  if (tokens.next() !== "(") return { fault: "found something else, expected: '('" };
  const values: string[] = [];
  let wantsValue = true;
  for (let token = tokens.next(); token !== ")"; token = tokens.next()) {
    if (token !== "," && !isWord(token)) return { fault: unexpected(token, "',' or ')'") };
    if (token !== ",") values.push(token);
    else if (wantsValue) values.push("");
    wantsValue = token === ",";
  }
  if (wantsValue) values.push("");
  return { value: values };
};

const parseOne = (tokens: Tokens): Parsed<readonly string[]> => {
  const token = tokens.peek();
  if (token === END || token === ",") return { value: [""] };
  return isWord(tokens.next()) ? { value: [token] } : { fault: unexpected(token, "identifier") };
};

const compare = (labels: Fields, key: string, bound: string | undefined, sign: 1 | -1): boolean =>
  Object.hasOwn(labels, key) && (Number(labels[key]) - Number(bound)) * sign > 0;

const matcherOf = (key: string, operator: string, values: readonly string[]): Matcher => {
  const has = (labels: Fields): boolean => Object.hasOwn(labels, key) && values.includes(String(labels[key]));
  if (operator === ">" || operator === "<") {
    return (labels) => compare(labels, key, values[0], operator === ">" ? 1 : -1);
  }
  return operator === "!=" || operator === "notin" ? (labels) => !has(labels) : has;
};

const OPERATORS: ReadonlySet<string> = new Set(["in", "=", "==", ">", "<", "notin", "!="]);

const valueFault = (key: string, values: readonly string[]): string | undefined => {
  for (const [at, value] of values.entries()) {
    const [fault] = labelValueFaults(value);
    if (fault !== undefined) return `values[${at}][${key}]: Invalid value: ${JSON.stringify(value)}: ${fault}`;
  }
  return undefined;
};

const parseKey = (tokens: Tokens): Parsed<string> => {
  const key = tokens.next();
  if (!isWord(key)) return { fault: unexpected(key, "identifier") };
  const [fault] = qualifiedNameFaults(key);
  return fault === undefined ? { value: key } : { fault: `<nil>: Invalid value: ${JSON.stringify(key)}: ${fault}` };
};

const parseComparison = (tokens: Tokens, key: string): Parsed<Matcher> => {
  const operator = tokens.next();
  if (!OPERATORS.has(operator)) return { fault: unexpected(operator, "in, notin, =, ==, !=, gt, lt") };
  const values = operator === "in" || operator === "notin" ? parseList(tokens) : parseOne(tokens);
  if ("fault" in values) return values;
  const fault = valueFault(key, values.value);
  return fault === undefined ? { value: matcherOf(key, operator, values.value) } : { fault };
};

const endsRequirement = (token: string): boolean => token === END || token === ",";

const parseRequirement = (tokens: Tokens): Parsed<Matcher> => {
  const absent = tokens.peek() === "!";
  if (absent) tokens.next();
  const parsed = parseKey(tokens);
  if ("fault" in parsed) return parsed;
  const key = parsed.value;
  if (absent) return { value: (labels) => !Object.hasOwn(labels, key) };
  if (endsRequirement(tokens.peek())) return { value: (labels) => Object.hasOwn(labels, key) };
  return parseComparison(tokens, key);
};

const beginsRequirement = (token: string): boolean => isWord(token) || token === "!";

const parseAll = (tokens: Tokens): readonly Matcher[] => {
  const matchers: Matcher[] = [];
  while (tokens.peek() !== END) {
    if (!beginsRequirement(tokens.peek())) {
      throw badRequest(unexpected(tokens.peek(), "!, identifier, or 'end of string'"));
    }
    const requirement = parseRequirement(tokens);
    if ("fault" in requirement) throw badRequest(`unable to parse requirement: ${requirement.fault}`);
    matchers.push(requirement.value);
    const separator = tokens.next();
    if (separator === END) break;
    if (separator !== ",") throw badRequest(unexpected(separator, "',' or 'end of string'"));
    if (!beginsRequirement(tokens.peek())) {
      throw badRequest(unexpected(tokens.peek(), "identifier after ','"));
    }
  }
  return matchers;
};

/** @throws Refusal 400 with the API server's message when the selector cannot be parsed. */
export const labelMatcher = (selector: string): Matcher => {
  const matchers = parseAll(tokensOf(selector));
  return (labels) => matchers.every((matches) => matches(labels));
};
