// Devices, and of one device its channels with their curves.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Channel, Curve, Device, DeviceList, DeviceWithChannels} from '../../api/client.ts';
import {named} from '../entry-words.ts';
import {drawnValue, readableValue} from '../units.ts';
import {type Asked, ask, createAsked, pathOf} from './ask.ts';
import type {Context, LiveReading, Page} from './context.ts';
import type {CurveView} from './curve.ts';
import {amountView, askedView, factsView, placePeriod, tableView, takeView, type View} from './parts.ts';
import {nameText} from './quoted.ts';
import {hashOf, type Place} from './route.ts';
import {sparkView} from './spark.ts';

/** Channels whose last day is asked for to show it small; the others say what they say now. */
const sparksMax = 16;
const dayMs = 86_400_000;
const listAgainMs = 15_000;

export function devicesPage(context: Context, place: Place): Page {
	return place.of === undefined ? listPage(context) : devicePage(context, place);
}

const stateOf = (device: Device): 'heard' | 'silent' | 'revoked' | 'waiting' => {
	if (device.state === 'revoked') return 'revoked';
	if (device.isSilent) return 'silent';
	return device.lastHeardMs === null ? 'waiting' : 'heard';
};

function stateView(device: Device, context: Context): TemplateResult {
	const state = stateOf(device);
	return html`<span class="state-of ${state}">${context.words().devices.states[state]}</span>`;
}

function listPage(context: Context): Page {
	const list = createAsked(signal => ask<DeviceList>('/devices', {signal}), context.redraw);
	void list.again();
	const timer = setInterval(() => void list.again(), listAgainMs);
	return {
		title: () => context.words().devices.title,
		move: place => place.page === 'devices' && place.of === undefined,
		leave: () => {
			clearInterval(timer);
			list.stop();
		},
		view: () => {
			const said = context.words().devices;
			const figures = context.figures();
			return html`<h1>${said.title}</h1>
				<p class="lead">${said.lead}</p>
				${askedView(list, context, ({items}) =>
					items.length === 0
						? html`<p>${said.empty}</p>`
						: tableView(
								said.title,
								[said.device, said.state, said.lastHeard, said.channels, said.cadence, said.refused],
								[...items]
									.sort((a, b) => (a.id < b.id ? -1 : 1))
									.map(device => [
										html`<a href=${hashOf('devices', device.id)}><strong>${device.id}</strong></a>`,
										stateView(device, context),
										device.lastHeardMs === null ? said.never : context.words().ago(figures.age(context.nowMs() - device.lastHeardMs)),
										{view: figures.whole(device.channels), look: 'number' as const},
										{view: device.cadenceMs === null ? '–' : figures.age(device.cadenceMs), look: 'number' as const},
										{view: figures.whole(device.refused), look: 'number' as const},
									]),
							),
				)}`;
		},
	};
}

function devicePage(context: Context, first: Place): Page {
	const id = first.of!;
	let place = first;
	let curve: CurveView | undefined;
	let left = false;
	/** The last day of each channel, small. */
	const days = new Map<string, Asked<Curve>>();
	const device = createAsked(signal => ask<DeviceWithChannels>(pathOf(['devices', id]), {signal}), context.redraw);

	const chosen = (): Channel | undefined => {
		const channels = device.value?.channels ?? [];
		return channels.find(({urn}) => keyOf(urn) === place.part) ?? channels[0];
	};
	const show = async (): Promise<void> => {
		const channel = chosen();
		if (channel === undefined) return;
		if (curve?.urn === channel.urn) {
			curve.move(place);
			return;
		}
		// The curves come with uPlot, which nobody needs who looks at the overview.
		const {createCurve} = await import('./curve.ts');
		if (left || chosen()?.urn !== channel.urn) return;
		curve?.leave();
		curve = createCurve(context, channel, place, period => {
			history.replaceState(null, '', hashOf('devices', id, keyOf(channel.urn), period));
		});
		context.redraw();
	};
	const load = async (): Promise<void> => {
		await device.again();
		// One that is looked at stays as it was moved.
		if (curve?.urn !== chosen()?.urn) void show();
		for (const channel of (device.value?.channels ?? []).slice(0, sparksMax)) {
			if (left) return;
			if (days.has(channel.urn)) continue;
			const now = context.nowMs();
			const query = {from: Math.max(0, Math.floor(now - dayMs)), to: Math.floor(now) + 60_000, points: 120};
			const asked = createAsked(signal => ask<Curve>(pathOf(['channels', channel.urn, 'curve'], query), {signal}), context.redraw);
			days.set(channel.urn, asked);
			await asked.again();
		}
	};
	void load();
	const timer = setInterval(() => void load(), listAgainMs);
	/** Of this device, and of a channel that was not there when it was asked for. */
	const isNew = ({urn}: LiveReading): boolean =>
		urn.split(':')[3] === id && device.value?.channels.every(channel => channel.urn !== urn) === true;

	return {
		title: () => id,
		move: next => {
			if (next.page !== 'devices' || next.of !== id) return false;
			place = next;
			void show();
			return true;
		},
		heard: readings => {
			curve?.heard(readings);
			if (!device.isAsking && readings.some(isNew)) void load();
		},
		drawn: () => curve?.drawn(),
		leave: () => {
			left = true;
			clearInterval(timer);
			curve?.leave();
			device.stop();
			for (const asked of days.values()) asked.stop();
		},
		view: () => {
			const said = context.words();
			return html`<p class="back"><a href=${hashOf('devices')}>${said.devices.back}</a></p>
				<div class="line"><h1 class="name">${id}</h1><div class="buttons">${takeView(context, 'device', id, placePeriod())}</div></div>
				${askedView(device, context, ({device: one, channels}) => {
					const current = chosen();
					return html`
						<p class="under">${stateView(one, context)}${one.isSigning ? html` · ${said.devices.signing}` : nothing}</p>
						${
							channels.length === 0
								? html`<p>${said.devices.noChannels}</p>`
								: html`<div class="channels" role="group" aria-label=${said.devices.channels}>
										${channels.map(channel => channelView(channel, id, channel === current, days.get(channel.urn)?.value, context))}
									</div>`
						}
						${curve?.view() ?? nothing}
						<section><h2>${said.devices.device}</h2>${aboutView(one, context)}</section>
					`;
				})}`;
		},
	};
}

/** Quantity and part: what stands behind the device in the name of a channel. */
const keyOf = (urn: string): string => urn.split(':').slice(4).join(':');

function newestOf(channel: Channel, day: Curve | undefined, context: Context): View {
	const heard: LiveReading | undefined = context.latest(channel.urn);
	const digits = heard?.value ?? [...(day?.last ?? [])].reverse().find(value => value !== null);
	if (digits === undefined || digits === null) return '–';
	return amountView(readableValue(digits, heard?.exponent ?? channel.exponent, channel.unit), context);
}

function channelView(channel: Channel, device: string, isChosen: boolean, day: Curve | undefined, context: Context): TemplateResult {
	const values = day?.last.map(value => drawnValue(value, channel.exponent, channel.unit)) ?? [];
	return html`<a class="channel" href=${hashOf('devices', device, keyOf(channel.urn))} aria-current=${isChosen ? 'true' : 'false'}>
		<span class="quantity">${nameText(channel.quantity, context.language())}${channel.part === null ? nothing : html` <small>${channel.part}</small>`}</span>
		<span class="newest">${newestOf(channel, day, context)}</span>
		${day === undefined ? nothing : sparkView(day.times, values)}
	</a>`;
}

function aboutView(device: Device, context: Context): TemplateResult {
	const said = context.words().devices;
	const figures = context.figures();
	return factsView([
		[said.lastHeard, device.lastHeardMs === null ? said.never : figures.time(device.lastHeardMs)],
		[said.cadence, device.cadenceMs === null ? '–' : figures.age(device.cadenceMs)],
		[said.refused, figures.whole(device.refused)],
		device.topics.length === 0 ? undefined : [said.topics, device.topics.join(figures.comma), 'code'],
		[said.credentials, device.credentials.map(one => named(said.credentialNames, one)).join(figures.comma) || '–'],
		device.expired.length === 0
			? undefined
			: [said.expired, device.expired.map(one => named(said.credentialNames, one)).join(figures.comma)],
	]);
}
