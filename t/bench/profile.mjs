// SPDX-License-Identifier: MIT
// Reads callgrind's output and prints a tree of costs for each handler of the module that nginx calls. The costs of a function with several callers
// (memcpy) are split by caller only as far as callgrind splits them: as the inclusive cost of the call.
import { readFileSync } from 'node:fs';

const HANDLER = /Guarded<|destroy_in_pool<oauth/;
const DEPTH = 7;

function read(file) {
  const names = new Map();
  const name = (text) => {
    const [, id, spelled] = /^\((\d+)\)(?: (.*))?$/.exec(text);
    if (spelled !== undefined) {
      names.set(id, spelled);
    }
    return names.get(id);
  };
  const functions = new Map();
  const functionOf = (key) => functions.get(key) ?? functions.set(key, { self: 0, total: 0, calls: new Map() }).get(key);
  let current;
  let callee;
  let isCall = false;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('fn=')) {
      current = functionOf(name(line.slice(3)));
    } else if (line.startsWith('cfn=')) {
      callee = name(line.slice(4));
    } else if (line.startsWith('calls=')) {
      isCall = true;
    } else if (current && /^[\d+*-]\S* \d+/.test(line)) {
      const cost = Number(line.split(' ')[1]);
      current.total += cost;
      if (isCall) {
        current.calls.set(callee, (current.calls.get(callee) ?? 0) + cost);
      } else {
        current.self += cost;
      }
      isCall = false;
    }
  }
  return functions;
}

// What the functions of that name cost, with all that they call.
export function costOf(file, name) {
  return [...read(file)].filter(([key]) => name.test(key)).reduce((sum, [, { total }]) => sum + total, 0);
}

const readable = (name) => name.replaceAll('std::basic_string_view<char, std::char_traits<char> >', 'string_view').replaceAll('(anonymous namespace)::', '')
  .replace(/^.*Guarded<&([\w:]+).*$/, '$1').replace(/\(.*$/, '').slice(0, 100);

// Lines of "instructions per request, its own part of them, name"; functions that cost less than `least` are left out.
export function profile(file, requests, least = 20) {
  const functions = read(file);
  const lines = [];
  const shown = new Set();
  const show = (key, cost, depth) => {
    const own = functions.get(key)?.self ?? 0;
    lines.push(`${String(Math.round(cost / requests)).padStart(7)}${String(Math.round(own / requests)).padStart(7)}  ${'  '.repeat(depth)}${readable(key)}`);
    if (depth < DEPTH && /oauth::/.test(key) && !shown.has(key)) {
      shown.add(key);
      const callees = [...(functions.get(key)?.calls ?? [])].sort((a, b) => b[1] - a[1]).filter(([, spent]) => spent / requests >= least);
      callees.forEach(([callee, spent]) => show(callee, spent, depth + 1));
    }
  };
  [...functions].filter(([key, { total }]) => HANDLER.test(key) && total / requests >= least).sort((a, b) => b[1].total - a[1].total)
    .forEach(([key, { total }]) => show(key, total, 0));
  return lines;
}
