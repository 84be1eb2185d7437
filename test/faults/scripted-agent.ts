// An agent that a script plays, as a process of its own: `scripted-agent FOLDER SHAPE SEED`. Its code is loaded when it says `ready`, and its life begins
// with the first byte on standard input: until then somebody may attach to it.

import {play} from './play.ts';
import type {Shape} from './script.ts';

const [folder = '', shape = '', seed = ''] = process.argv.slice(2);
/** A pipe is written at once: what was said is said, whatever comes. */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const told = new Promise<void>(resolve => process.stdin.once('data', () => resolve()));
say('ready');
await told;
process.stdin.destroy();
// As `kedge run` ends.
const onFailed = (): never => process.exit(4);
await play({folder, shape: shape as Shape, seed, life: 'first', say, warn: line => process.stderr.write(line), onFailed});
