// Where the verify page begins, and its worker: one script is both. Where there is no document it serves jobs; what draws does not even begin to load there.

import {serveJobs} from './run-job.ts';

if (typeof document === 'undefined') serveJobs(globalThis as never);
else void import('./start-page.ts').then(({startPage}) => startPage());
