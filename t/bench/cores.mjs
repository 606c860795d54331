// SPDX-License-Identifier: MIT
// Which cores run what: the workers that are measured have one to themselves, and all else has the others, so that no client or upstream drives a worker from its core and its cache.
// With a single core there is nothing to divide.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];

const allowed = list.split(',').flatMap((range) => {
  const [first, last = first] = range.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
});

const [measured, ...others] = allowed;

function bind(process, cores) {
  if (others.length) {
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores.join(','), String(process)], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

// This process and all that it starts from now on.
export const leaveOneCore = () => bind(process.pid, others);

export const useThatCore = (process) => bind(process, [measured]);
