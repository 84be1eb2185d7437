// Where the dashboard begins.

import {startDashboard} from './app.ts';

startDashboard(document.getElementById('page')!);
