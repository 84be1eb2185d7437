// All requests that the HTTP interface answers.

import {aboutRoutes} from './about.ts';
import {accountAnswerRoutes} from './account-answers.ts';
import {accountRoutes} from './accounts.ts';
import {agentRoute} from './agent.ts';
import {agentEventsRoute} from './agent-events.ts';
import {channelRoutes} from './channels.ts';
import {delegationRoutes} from './delegations.ts';
import {deviceRoutes} from './devices.ts';
import {disputeRoutes} from './disputes.ts';
import {eventRoute} from './events.ts';
import {exportRoutes} from './exports.ts';
import {fillRoutes} from './fills.ts';
import {healthRoutes} from './health.ts';
import {logRoutes} from './log.ts';
import {marketRoutes} from './markets.ts';
import {meterRoutes} from './meters.ts';
import {noteRoutes} from './notes.ts';
import {orderRoutes} from './orders.ts';
import {packageRoutes} from './packages.ts';
import type {Route} from './route.ts';
import {sessionRoutes} from './session.ts';
import {settlementRoutes} from './settlements.ts';
import {shareRoutes} from './shares.ts';
import {signInRoutes} from './sign-in.ts';
import {slotRoutes} from './slots.ts';
import {tileRoutes} from './tiles.ts';
import {userRoutes} from './users.ts';

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
	...sessionRoutes,
	...userRoutes,
	...shareRoutes,
	agentRoute,
	agentEventsRoute,
	...deviceRoutes,
	...channelRoutes,
	...logRoutes,
	...noteRoutes,
	...accountAnswerRoutes,
	...packageRoutes,
	...healthRoutes,
	...tileRoutes,
];
