// Judges workflows and cron texts with GitHub's own parser: one JSON object a line in, one a line out.
//   {"file": TEXT, "step": [JOB, N], "at": [..]}  -> {"errors": [..], "schedule": [..], "value": what GitHub makes of it}
//   {"cron": TEXT}                                -> {"valid": bool, "frequent": bool}
import {register} from "node:module";
import {pathToFileURL} from "node:url";
import {createInterface} from "node:readline";

const root = process.argv[2];
// The package imports JSON as Node 18 did: say what it is, for Node 20 and later.
register("data:text/javascript," + encodeURIComponent(`
  export async function load(url, context, next) {
    const kind = {type: "json"};
    return url.endsWith(".json") ? next(url, {...context, importAttributes: kind, importAssertions: kind}) : next(url, context);
  }`));
const at = path => import(pathToFileURL(`${root}/node_modules/${path}`));
const parser = await at("@actions/workflow-parser/dist/index.js");
const {isValidCron, hasCronIntervalLessThan5Minutes} = await at("@actions/workflow-parser/dist/model/converter/cron.js");
const expressions = await at("@actions/expressions/dist/index.js");

function inside(token, path) {
  for (const step of path) {
    if (token === undefined) return undefined;
    if (typeof step === "number") { token = token.get(step); continue; }
    const pairs = Array.from({length: token.count}, (_, number) => token.get(number));
    token = pairs.find(pair => pair.key.toString() === step)?.value;
  }
  return token;
}

// What a runner would be given: a literal as it stands, an expression evaluated with no context at all.
function evaluated(token) {
  if (token === undefined) return null;
  if (token.expression === undefined) return token.value;
  const {Lexer, Parser, Evaluator, data} = expressions;
  const {tokens} = new Lexer(token.expression).lex();
  for (const one of tokens) {
    // The lexer in JavaScript undoes the first doubled quote of a literal only; GitHub's documentation says all.
    if (typeof one.value === "string") one.value = one.value.replaceAll("''", "'");
  }
  const tree = new Parser(tokens, [], []).parse();
  return new Evaluator(tree, new data.Dictionary()).evaluate().coerceString();
}

async function judge(asked) {
  if (asked.cron !== undefined) {
    return {valid: isValidCron(asked.cron), frequent: hasCronIntervalLessThan5Minutes(asked.cron)};
  }
  const file = {name: ".github/workflows/w.yml", content: asked.file};
  const result = parser.parseWorkflow(file, new parser.NoOperationTraceWriter());
  const errors = result.context.errors.getErrors().map(error => error.message);
  if (!result.value || errors.length) return {errors};
  const template = await parser.convertWorkflowTemplate(result.context, result.value, undefined, {});
  errors.push(...(template.errors ?? []).map(error => error.Message));
  const value = evaluated(inside(result.value, asked.at ?? []));
  return {errors, events: template.events, value, jobs: template.jobs.length};
}

for await (const line of createInterface({input: process.stdin})) {
  try {
    console.log(JSON.stringify(await judge(JSON.parse(line))));
  } catch (error) {
    console.log(JSON.stringify({errors: [String(error?.stack ?? error)]}));
  }
}
