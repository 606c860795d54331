// SPDX-License-Identifier: MIT
// Files that nginx's workers can read, whichever user they run as. h.folder() itself is readable for its owner only.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

// `files`: {'a/b.html': text}. Returns the folder.
export function publicFolder(h, files) {
  const folder = h.folder();
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, text);
  }
  return folder;
}
