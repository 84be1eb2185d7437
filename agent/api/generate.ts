// Writes what is made from the schemas: openapi.json, asyncapi.json and client.ts beside them. Run by `npm run api`.

import {writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {generatedFiles} from './generated.ts';

// From dist/agent/api/ to agent/api/.
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'agent', 'api');
for (const [name, text] of Object.entries(generatedFiles())) writeFileSync(join(folder, name), text);
