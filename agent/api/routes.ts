// All requests that the market's HTTP interface answers.

import {aboutRoutes} from './about.ts';
import {accountRoutes} from './accounts.ts';
import {delegationRoutes} from './delegations.ts';
import {disputeRoutes} from './disputes.ts';
import {eventRoute} from './events.ts';
import {exportRoutes} from './exports.ts';
import {fillRoutes} from './fills.ts';
import {marketRoutes} from './markets.ts';
import {meterRoutes} from './meters.ts';
import {orderRoutes} from './orders.ts';
import type {Route} from './route.ts';
import {settlementRoutes} from './settlements.ts';
import {signInRoutes} from './sign-in.ts';
import {slotRoutes} from './slots.ts';

export const routes: readonly Route[] = [
	...marketRoutes,
	...slotRoutes,
	...orderRoutes,
	...fillRoutes,
	...settlementRoutes,
	...meterRoutes,
	...disputeRoutes,
	...accountRoutes,
	...delegationRoutes,
	...exportRoutes,
	...signInRoutes,
	eventRoute,
	...aboutRoutes,
];
