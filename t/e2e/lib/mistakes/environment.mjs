// SPDX-License-Identifier: MIT
// Rows of mistakes.test.mjs.
export const environmentMistakes = [];
