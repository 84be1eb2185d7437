// A curve of one channel: drawn by uPlot, with gaps as gaps and marks on it, looked into by dragging, by buttons and by keys, and as a table.

import {html, nothing, svg, type TemplateResult} from 'lit-html';
import uPlot from 'uplot';
import type {Channel, Curve, Watched} from '../../api/client.ts';
import {named} from '../entry-words.ts';
import {drawnUnit, readableValue} from '../units.ts';
import {drawnLimit} from './account-figures.ts';
import {ask, createAsked, pathOf} from './ask.ts';
import {limitsText, milliText} from './cold-figures.ts';
import type {Context, LiveReading} from './context.ts';
import {type DrawnCurve, drawnCurve, marksOf, withReading} from './drawn-curve.ts';
import {askedView, tableView} from './parts.ts';
import {nameText} from './quoted.ts';
import {hashOf, type Place} from './route.ts';
import {betterSpan, type Period, type Span, spans} from './spans.ts';

export type CurveView = {
	readonly urn: string;
	readonly view: () => TemplateResult;
	readonly move: (place: Place) => void;
	readonly heard: (readings: readonly LiveReading[]) => void;
	/** After what `view` gave was drawn. */
	readonly drawn: () => void;
	readonly leave: () => void;
};

const spanMsMin = 10_000;
const pointsMax = 2000;
/** Beyond this a curve that grows live is asked for again. */
const livePointsMax = 2 * pointsMax;
const askAgainMs = 5000;
const askAgainLiveMs = 60_000;
const rowsMax = 100;
const plotHeight = 320;
/** Pixels between the lines of what is hatched. */
const hatchStep = 10;
/** Pixels: a shorter drag is a click. */
const dragMin = 8;
const askedMark = 'curve asked for';
const drawnMeasure = 'curve drawn';
/** How far ahead of ours a device's clock may be and still be seen. */
const aheadMs = 60_000;

/** Around nought, ten wide; the same shapes stand in the legend and on the curve. */
const shapes: Readonly<Record<string, {readonly path: string; readonly look: 'half' | 'bad' | 'soft'; readonly isFilled: boolean}>> = {
	estimated: {path: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0', look: 'half', isFilled: false},
	conflict: {path: 'M0 -5L5 0L0 5L-5 0Z', look: 'bad', isFilled: true},
	noValue: {path: 'M-4 -4L4 4M4 -4L-4 4', look: 'soft', isFilled: false},
	invalid: {path: 'M-4 -4L4 4M4 -4L-4 4', look: 'bad', isFilled: false},
	exception: {path: 'M0 -5L5 4L-5 4Z', look: 'bad', isFilled: true},
	correction: {path: 'M-4 -4H4V4H-4Z', look: 'half', isFilled: true},
	late: {path: 'M-2 0a2 2 0 1 0 4 0a2 2 0 1 0 -4 0', look: 'soft', isFilled: true},
	missing: {path: 'M0 -5V5', look: 'half', isFilled: false},
	silences: {path: 'M-5 0H5', look: 'half', isFilled: false},
};
const otherShape = {path: 'M-2 0a2 2 0 1 0 4 0a2 2 0 1 0 -4 0', look: 'soft', isFilled: true} as const;

export function createCurve(context: Context, channel: Channel, place: Place, moved: (period: Period) => void): CurveView {
	const {urn, exponent, unit} = channel;
	let following = place.fromMs === undefined || place.toMs === undefined;
	let period: Period = following ? endingNow(spans.day) : {fromMs: place.fromMs!, toMs: place.toMs!};
	let plot:
		| {readonly chart: uPlot; readonly key: string; readonly curve: Curve; readonly watched: Watched | undefined; readonly host: Element}
		| undefined;
	let askedAtMs = 0;
	let left = false;
	/** As it was asked for, with what came since. */
	let shown: Curve | undefined;
	let drawn: DrawnCurve | undefined;

	function endingNow(spanMs: number): Period {
		const toMs = Math.floor(context.nowMs()) + aheadMs;
		return {fromMs: Math.max(0, toMs - spanMs), toMs};
	}
	const curve = createAsked(
		signal =>
			ask<Curve>(pathOf(['channels', urn, 'curve'], {from: Math.floor(period.fromMs), to: Math.ceil(period.toMs), points: pointsMax}), {
				signal,
			}),
		context.redraw,
	);
	/** What shipments say of it: limits, and what was outside. Whoever came by a link is shown the curve alone. */
	const isWatchable = context.session().user !== null && (unit === 'mCel' || unit === 'm[degF]' || unit === 'm%');
	const watched = createAsked(
		signal =>
			ask<Watched>(pathOf(['channels', urn, 'excursions'], {from: Math.floor(period.fromMs), to: Math.ceil(period.toMs)}), {signal}),
		context.redraw,
	);
	const spansOf = (): Watched['spans'] => watched.value?.spans ?? [];
	/** Whether a time is in a stretch outside; of a bucket, whether any of it is. */
	const isOutside = (fromMs: number, toMs: number): boolean =>
		spansOf().some(({excursions}) => excursions.some(run => run.fromMs < toMs && run.toMs > fromMs));
	/** Whether what was asked for is still to be drawn. */
	let awaited = false;
	/** At first, another span may show more of what there is. */
	const load = async (isFirst = false): Promise<void> => {
		const asked = period;
		askedAtMs = context.nowMs();
		// Shown by the browser's own tools, and read by the benchmark: from the question to the last pixel.
		performance.clearMarks(askedMark);
		performance.mark(askedMark);
		awaited = true;
		await curve.again();
		if (curve.value !== undefined && curve.problem === undefined) {
			const better = isFirst && period === asked ? betterSpan(curve.value.times, period) : undefined;
			if (better !== undefined) {
				period = endingNow(spans[better]);
				return load(better === 'all');
			}
			show(curve.value);
		}
		// Behind the curve, which nobody should wait longer for.
		if (isWatchable && !left) void watched.again();
	};
	const show = (next: Curve): void => {
		shown = next;
		drawn = drawnCurve(next);
		context.redraw();
	};
	const look = (next: Period, follow = false): void => {
		const spanMs = Math.min(Math.max(next.toMs - next.fromMs, spanMsMin), spans.all);
		const fromMs = Math.max(0, next.fromMs);
		following = follow;
		period = {fromMs, toMs: fromMs + spanMs};
		if (!follow) moved(period);
		void load();
	};
	const shift = (by: number): void => {
		const spanMs = period.toMs - period.fromMs;
		look({fromMs: period.fromMs + by * spanMs, toMs: period.toMs + by * spanMs});
	};
	const zoom = (by: number): void => {
		const half = ((period.toMs - period.fromMs) * by) / 2;
		const middle = (period.fromMs + period.toMs) / 2;
		look({fromMs: middle - half, toMs: middle + half});
	};
	void load(following);

	/** What time the drawing spans: all that there is, where all was asked for. */
	const shownPeriod = (): Period => {
		const first = shown?.times[0];
		if (period.toMs - period.fromMs < spans.all || first === undefined) return period;
		return {fromMs: Math.min(first, period.toMs - spans.hour), toMs: period.toMs};
	};

	const drawPlot = (): void => {
		const host = document.getElementById('plot');
		if (host === null || shown === undefined || drawn === undefined) return;
		const colours = coloursOf(host);
		const key = `${context.language()} ${colours.line} ${host.clientWidth}`;
		if (plot?.key === key && plot.curve === shown && plot.watched === watched.value && plot.host === host) return;
		if (plot !== undefined && plot.key === key && plot.host === host && plot.curve.level === shown.level) {
			plot.chart.setData(columnsOf(shown, drawn), false);
			const {fromMs, toMs} = shownPeriod();
			plot.chart.setScale('x', {min: fromMs / 1000, max: toMs / 1000});
			plot = {...plot, curve: shown, watched: watched.value};
			return;
		}
		plot?.chart.destroy();
		plot = {chart: makePlot(host, colours), key, curve: shown, watched: watched.value, host};
	};

	const makePlot = (host: HTMLElement, colours: Colours): uPlot => {
		const isRaw = shown!.bucketMs === null;
		const isState = channel.kind === 'state';
		const figures = context.figures();
		const stepped = isState ? {paths: uPlot.paths.stepped!({align: 1})} : {};
		const line: uPlot.Series = {
			stroke: colours.line,
			width: 1.6,
			spanGaps: false,
			points: {show: isRaw ? (chart, _series, first, last) => last - first < chart.bbox.width / 8 : false, size: 5, fill: colours.line},
			...stepped,
		};
		const edge: uPlot.Series = {stroke: colours.band, width: 1, spanGaps: false, points: {show: false}, ...stepped};
		let dragged = false;
		const chart = new uPlot(
			{
				width: Math.max(200, host.clientWidth),
				height: plotHeight,
				ms: 1e-3,
				legend: {show: false},
				cursor: {y: false, drag: {x: true, y: false, setScale: false, dist: dragMin}, points: {size: 8}},
				scales: {
					x: {time: true, range: () => [shownPeriod().fromMs / 1000, shownPeriod().toMs / 1000]},
					y: {range: (_chart, low, high) => yRange(low, high, limitHeights())},
				},
				axes: [
					{
						stroke: colours.soft,
						grid: {stroke: colours.grid, width: 1},
						ticks: {stroke: colours.grid, width: 1, size: 5},
						font: axisFont,
						space: 90,
						values: (_chart, splits) => timeLabels(splits, figures.locale),
					},
					{
						stroke: colours.soft,
						grid: {stroke: colours.grid, width: 1},
						ticks: {show: false},
						font: axisFont,
						size: (_chart, labels) => axisWidth(labels),
						values: (_chart, splits) => numberLabels(splits, figures.locale),
					},
				],
				series: isRaw ? [{}, line] : [{}, edge, {...edge}, line],
				...(isRaw ? {} : {bands: [{series: [1, 2] as [number, number], fill: colours.fill}]}),
				hooks: {
					drawClear: [
						chart => {
							drawGaps(chart, colours);
							drawWatched(chart, colours);
						},
					],
					draw: [
						chart => {
							drawLimits(chart, colours);
							drawMarks(chart, colours);
							if (!awaited || curve.isAsking) return;
							awaited = false;
							performance.clearMeasures(drawnMeasure);
							performance.measure(drawnMeasure, askedMark);
						},
					],
					setSelect: [
						chart => {
							const {left: x, width} = chart.select;
							if (width < dragMin) return;
							dragged = true;
							const next = {fromMs: chart.posToVal(x, 'x') * 1000, toMs: chart.posToVal(x + width, 'x') * 1000};
							chart.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
							look(next);
						},
					],
					setCursor: [chart => tell(chart.cursor.idx ?? undefined)],
				},
			},
			columnsOf(shown!, drawn!),
			host,
		);
		chart.over.addEventListener('click', () => {
			const at = chart.cursor.idx;
			const wasDrag = dragged;
			dragged = false;
			const point = wasDrag || at === null || at === undefined ? undefined : drawn?.places[at];
			if (point !== undefined) pick(point);
		});
		return chart;
	};

	/** A reading leads to its proof, a bucket to what is in it. */
	const pick = (point: number): void => {
		const {indexes, times, bucketMs} = shown!;
		const index = indexes?.[point];
		if (index !== undefined) context.go(hashOf('log', index));
		else if (bucketMs !== null) look({fromMs: times[point]! - bucketMs / 2, toMs: times[point]! + 1.5 * bucketMs});
	};

	/** Written past the template: it changes with every move of the pointer. */
	const tell = (at: number | undefined): void => {
		const readout = document.getElementById('readout');
		const point = at === undefined ? undefined : drawn?.places[at];
		if (readout === null || shown === undefined) return;
		const atMs = point === undefined ? 0 : shown.times[point]!;
		const outside = point !== undefined && isOutside(atMs, atMs + (shown.bucketMs ?? 1)) ? ` · ${context.words().curve.marks.outside}` : '';
		readout.textContent = point === undefined ? '' : `${context.figures().time(atMs)} · ${valueText(point)}${outside}`;
	};
	const valueText = (point: number): string => {
		const {bucketMs} = shown!;
		if (bucketMs === null) return textOf(shown!.last[point] ?? null);
		const {smallest, largest, last} = context.words().curve;
		return `${smallest} ${textOf(shown!.min[point] ?? null)} · ${largest} ${textOf(shown!.max[point] ?? null)} · ${last} ${textOf(shown!.last[point] ?? null)}`;
	};
	const textOf = (digits: string | null): string => {
		if (digits === null) return '–';
		return context.figures().amount(readableValue(digits, exponent, unit));
	};

	const drawGaps = (chart: uPlot, colours: Colours): void => {
		const {ctx, bbox} = chart;
		ctx.save();
		ctx.beginPath();
		ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
		ctx.clip();
		ctx.fillStyle = colours.gap;
		for (const {fromMs, toMs} of drawn?.gaps ?? []) {
			const x = chart.valToPos(fromMs / 1000, 'x', true);
			ctx.fillRect(x, bbox.top, Math.max(1, chart.valToPos(toMs / 1000, 'x', true) - x), bbox.height);
		}
		ctx.restore();
	};
	/** Heights of the limits that hold in the time that is shown. */
	const limitHeights = (): number[] => {
		const {fromMs, toMs} = shownPeriod();
		return spansOf()
			.filter(span => span.fromMs < toMs && span.toMs > fromMs)
			.flatMap(({low, high}) => [low, high].flatMap(limit => (limit === null ? [] : [drawnLimit(limit, unit)])));
	};
	/** The limits as a band, and what was outside as hatched stretches with a bar above them: not by colour alone. */
	const drawWatched = (chart: uPlot, colours: Colours): void => {
		const {ctx, bbox} = chart;
		const ratio = devicePixelRatio;
		const clip = (left: number, top: number, width: number, height: number, draw: () => void): void => {
			ctx.save();
			ctx.beginPath();
			ctx.rect(left, top, width, height);
			ctx.clip();
			draw();
			ctx.restore();
		};
		const x = (ms: number): number => chart.valToPos(ms / 1000, 'x', true);
		clip(bbox.left, bbox.top, bbox.width, bbox.height, () => {
			for (const {fromMs, toMs, low, high, excursions} of spansOf()) {
				const [left, right] = [x(fromMs), x(toMs)];
				const [top, bottom] = [high, low].map((limit, i) =>
					limit === null ? bbox.top + i * bbox.height : chart.valToPos(drawnLimit(limit, unit), 'y', true),
				) as [number, number];
				ctx.fillStyle = colours.inside;
				ctx.fillRect(left, top, right - left, bottom - top);
				for (const run of excursions) {
					const [begin, wide] = [x(run.fromMs), Math.max(2 * ratio, x(run.toMs) - x(run.fromMs))];
					ctx.fillStyle = colours.out;
					ctx.fillRect(begin, bbox.top, wide, bbox.height);
					ctx.fillStyle = colours.bad;
					ctx.fillRect(begin, bbox.top, wide, 4 * ratio);
					clip(begin, bbox.top, wide, bbox.height, () => {
						ctx.strokeStyle = colours.out;
						ctx.lineWidth = 2 * ratio;
						ctx.beginPath();
						for (let at = begin - bbox.height; at < begin + wide; at += hatchStep * ratio) {
							ctx.moveTo(at, bbox.top + bbox.height);
							ctx.lineTo(at + bbox.height, bbox.top);
						}
						ctx.stroke();
					});
				}
			}
		});
	};
	/** Over the grid, which would hide one that lies on a line of it. */
	const drawLimits = (chart: uPlot, colours: Colours): void => {
		const {ctx, bbox} = chart;
		const ratio = devicePixelRatio;
		ctx.save();
		ctx.beginPath();
		ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
		ctx.clip();
		ctx.strokeStyle = colours.good;
		ctx.lineWidth = 1.4 * ratio;
		ctx.setLineDash([6 * ratio, 4 * ratio]);
		for (const {fromMs, toMs, low, high} of spansOf())
			for (const limit of [low, high]) {
				if (limit === null) continue;
				const height = chart.valToPos(drawnLimit(limit, unit), 'y', true);
				ctx.beginPath();
				ctx.moveTo(chart.valToPos(fromMs / 1000, 'x', true), height);
				ctx.lineTo(chart.valToPos(toMs / 1000, 'x', true), height);
				ctx.stroke();
			}
		ctx.restore();
	};
	const drawMarks = (chart: uPlot, colours: Colours): void => {
		if (shown === undefined || drawn === undefined) return;
		const {ctx, bbox} = chart;
		const ratio = devicePixelRatio;
		const at = new Map(drawn.places.map((point, i) => [point, i]));
		ctx.save();
		ctx.beginPath();
		ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
		ctx.clip();
		for (const {name, places} of marksOf(shown)) {
			const {path, look: colour, isFilled} = shapes[name] ?? otherShape;
			const shape = new Path2D(path);
			for (const [point] of places) {
				const i = at.get(point);
				if (i === undefined) continue;
				const value = drawn.last[i] ?? null;
				const x = chart.valToPos(drawn.xs[i]!, 'x', true);
				const y = value === null ? bbox.top + bbox.height - 8 * ratio : chart.valToPos(value, 'y', true);
				ctx.setTransform(ratio, 0, 0, ratio, x, y);
				ctx.lineWidth = 1.8;
				ctx.strokeStyle = colours[colour];
				ctx.fillStyle = colours[colour];
				if (isFilled) ctx.fill(shape);
				else ctx.stroke(shape);
			}
		}
		ctx.restore();
	};

	const onResize = (): void => context.redraw();
	addEventListener('resize', onResize);

	return {
		urn,
		move: next => {
			if (next.fromMs === undefined || next.toMs === undefined) {
				if (!following) look(endingNow(spans.day), true);
			} else if (next.fromMs !== Math.floor(period.fromMs) || next.toMs !== Math.ceil(period.toMs))
				look({fromMs: next.fromMs, toMs: next.toMs});
		},
		heard: readings => {
			const mine = readings.find(reading => reading.urn === urn);
			if (mine === undefined || !following || shown === undefined || curve.isAsking || left) return;
			const nowMs = context.nowMs();
			const spanMs = period.toMs - period.fromMs;
			period = {fromMs: Math.max(0, nowMs + aheadMs - spanMs), toMs: nowMs + aheadMs};
			const next = mine.exponent === exponent && shown.times.length < livePointsMax ? withReading(shown, mine) : undefined;
			if (next !== undefined) show(next);
			// A second can bring more than one reading of a channel, and only the newest is told: what lies between comes with the next question.
			if (nowMs - askedAtMs > (next === undefined ? askAgainMs : askAgainLiveMs)) void load();
		},
		drawn: drawPlot,
		leave: () => {
			left = true;
			removeEventListener('resize', onResize);
			curve.stop();
			watched.stop();
			plot?.chart.destroy();
			plot = undefined;
		},
		view: () => {
			const said = context.words().curve;
			const figures = context.figures();
			const spanMs = period.toMs - period.fromMs;
			const isSpan = (name: Span): boolean => following && Math.abs(spanMs - Math.min(spans[name], period.toMs)) < aheadMs;
			return html`<section class="curve" aria-label=${`${nameText(channel.quantity, context.language())} ${channel.part ?? ''}`.trim()}>
				<div class="line">
					<h2>${nameText(channel.quantity, context.language())}${channel.part === null ? nothing : html` <small>${channel.part}</small>`} <small>${drawnUnit(unit)}</small></h2>
					<div class="buttons" role="group" aria-label=${said.period}>
						${(Object.keys(spans) as Span[]).map(
							name =>
								html`<button type="button" aria-pressed=${isSpan(name) ? 'true' : 'false'} @click=${() => look(endingNow(spans[name]), true)}>${said.periods[name]}</button>`,
						)}
					</div>
				</div>
				<div class="line">
					<p class="hint">${figures.minute(shownPeriod().fromMs)} – ${following ? said.now : figures.minute(period.toMs)}</p>
					<div class="buttons">
						<button type="button" @click=${() => shift(-0.5)}>← ${said.earlier}</button>
						<button type="button" @click=${() => shift(0.5)}>${said.later} →</button>
						<button type="button" @click=${() => zoom(0.5)}>+ ${said.zoomIn}</button>
						<button type="button" @click=${() => zoom(2)}>− ${said.zoomOut}</button>
					</div>
				</div>
				<div id="plot" class="plot" role="img" aria-label=${altText()}></div>
				<p id="readout" class="readout" aria-hidden="true"></p>
				${askedView(curve, context, () => (shown === undefined ? '' : html`${legendView(shown)}${rowsView(shown)}`))}
			</section>`;
		},
	};

	function altText(): string {
		const said = context.words().curve;
		const figures = context.figures();
		const values = (drawn?.last ?? []).filter(value => value !== null);
		if (values.length === 0) return said.empty;
		const what = `${channel.device} ${nameText(channel.quantity, context.language())} ${channel.part ?? ''}`.trim();
		const number = (value: number): string => `${new Intl.NumberFormat(figures.locale).format(value)} ${drawnUnit(unit)}`.trim();
		const {low, high} = drawn!;
		const lowest = low.reduce<number>((least, value) => (value === null ? least : Math.min(least, value)), Number.POSITIVE_INFINITY);
		const highest = high.reduce<number>((most, value) => (value === null ? most : Math.max(most, value)), Number.NEGATIVE_INFINITY);
		const outside = spansOf().flatMap(span => outsideText(span) ?? []);
		return [
			said.alt(what, figures.minute(shownPeriod().fromMs), figures.minute(period.toMs), number(lowest), number(highest)),
			...outside,
		].join(' ');
	}

	/** undefined: nothing was. */
	function outsideText({shipment, sort, excursions, low, high}: Watched['spans'][number]): string | undefined {
		const {curve: said, shipments} = context.words();
		if (excursions.length === 0) return undefined;
		const heldMs = excursions.reduce((sum, run) => sum + run.heldMs, 0);
		const farthest = excursions.reduce((most, run) => {
			const beyond = ({side, peakMilli}: typeof run): number => (side === 'above' ? peakMilli - (high ?? 0) : (low ?? 0) - peakMilli);
			return beyond(run) > beyond(most) ? run : most;
		});
		return said.outside(
			shipment,
			shipments.times(excursions.length),
			context.figures().span(heldMs),
			milliText(farthest.peakMilli, sort, context),
		);
	}

	/** What the limits and the hatched stretches are, by shipment. */
	function watchedView(): TemplateResult | typeof nothing {
		const said = context.words().curve;
		const spans = spansOf();
		if (spans.length === 0) return nothing;
		return html`<ul class="legend watched">
			${spans.map(span => {
				const outside = outsideText(span);
				return html`<li>
						<span class="in-box" aria-hidden="true"></span>${said.inside} <a href=${hashOf('shipments', span.shipment)}>${span.shipment}</a>${context.figures().colon}${limitsText(span, span.sort, context)}
					</li>
					<li class=${outside === undefined ? '' : 'bad'}>${outside === undefined ? said.neverOutside(span.shipment) : html`<span class="out-box" aria-hidden="true"></span>${outside}`}</li>`;
			})}
			${watched.value?.isCut === true ? html`<li>${said.watchedCut}</li>` : nothing}
		</ul>`;
	}

	function legendView(value: Curve): TemplateResult {
		const said = context.words().curve;
		const figures = context.figures();
		const gaps = drawn?.gaps.length ?? 0;
		const count = value.counts.reduce((sum, one) => sum + one, 0);
		return html`<ul class="legend">
				<li>${count === 0 ? said.empty : said.readings(figures.whole(count))}</li>
				<li>${said.levels[value.level]}</li>
				<li>${value.cadenceMs === null ? said.noCadence : gaps === 0 ? said.noGaps : html`<span class="gap-box" aria-hidden="true"></span>${said.gaps(figures.whole(gaps))}`}</li>
				${marksOf(value).map(({name, places}) => {
					const {path, look: colour, isFilled} = shapes[name] ?? otherShape;
					const times = places.reduce((sum, [, often]) => sum + often, 0);
					return html`<li>
						<svg viewBox="-6 -6 12 12" width="12" height="12" class="shape ${colour} ${isFilled ? 'filled' : ''}" aria-hidden="true">${svg`<path d=${path} />`}</svg>
						${named(said.marks, name)} ${figures.whole(times)}${Object.hasOwn(said.means, name) ? html` <small>${named(said.means, name)}</small>` : nothing}
					</li>`;
				})}
				${value.behind > 0 ? html`<li>${said.behind(figures.whole(value.behind))}</li>` : nothing}
			</ul>
			${watchedView()}
			<p class="hint">${said.hint}</p>`;
	}

	function rowsView(value: Curve): TemplateResult | typeof nothing {
		const said = context.words().curve;
		const figures = context.figures();
		const {times, indexes, bucketMs} = value;
		if (times.length === 0) return nothing;
		const places = times
			.map((_, i) => i)
			.slice(-rowsMax)
			.reverse();
		const marked = new Map<number, string[]>();
		for (const {name, places: at} of marksOf(value))
			for (const [point] of at) marked.set(point, [...(marked.get(point) ?? []), named(said.marks, name)]);
		for (const point of places)
			if (isOutside(times[point]!, times[point]! + (bucketMs ?? 1))) marked.set(point, [said.marks.outside, ...(marked.get(point) ?? [])]);
		const label = bucketMs === null ? said.table : said.tableBuckets;
		const marks = (point: number): string => (marked.get(point) ?? []).join(figures.comma);
		return html`<details>
			<summary>${label}</summary>
			${
				bucketMs === null
					? tableView(
							label,
							[said.time, said.value, '', said.entry],
							places.map(point => [
								figures.time(times[point]!),
								{view: textOf(value.last[point] ?? null), look: 'number' as const},
								marks(point),
								indexes?.[point] === undefined ? '' : html`<a href=${hashOf('log', indexes[point])}>${figures.whole(indexes[point])}</a>`,
							]),
						)
					: tableView(
							label,
							[said.time, said.count, said.smallest, said.largest, said.last, ''],
							places.map(point => [
								html`<button type="button" class="plain" @click=${() => pick(point)}>${figures.minute(times[point]!)}</button>`,
								{view: figures.whole(value.counts[point]!), look: 'number' as const},
								{view: textOf(value.min[point] ?? null), look: 'number' as const},
								{view: textOf(value.max[point] ?? null), look: 'number' as const},
								{view: textOf(value.last[point] ?? null), look: 'number' as const},
								marks(point),
							]),
						)
			}
			${times.length > rowsMax ? html`<p class="hint">${said.cut(figures.whole(rowsMax), figures.whole(times.length))}</p>` : nothing}
		</details>`;
	}
}

const axisFont = '12px system-ui, sans-serif';
/** Pixels: what an axis of numbers has at least, so that curves of small numbers stand under each other, and between its labels and the curve. */
const axisWidthMin = 48;
const axisGap = 12;

/** Pixels that these labels need: a counter of many digits must not lose the first of them. `labels` is null before there are any. */
function axisWidth(labels: readonly string[] | null): number {
	const pen = document.createElement('canvas').getContext('2d');
	if (pen === null) return axisWidthMin;
	pen.font = axisFont;
	return Math.ceil(Math.max(axisWidthMin, ...(labels ?? []).map(label => pen.measureText(label).width + axisGap)));
}

type Colours = Readonly<Record<'line' | 'band' | 'fill' | 'soft' | 'grid' | 'gap' | 'half' | 'bad' | 'good' | 'inside' | 'out', string>>;

/** What the style sheet says, as a canvas understands it. */
function coloursOf(host: HTMLElement): Colours {
	const probe = document.createElement('span');
	host.append(probe);
	const of = (name: string): string => {
		probe.style.color = `var(--${name})`;
		return getComputedStyle(probe).color;
	};
	const colours = {
		line: of('link'),
		band: of('band-line'),
		fill: of('band'),
		soft: of('soft'),
		grid: of('line'),
		gap: of('gap'),
		half: of('half'),
		bad: of('bad'),
		good: of('good'),
		inside: of('inside'),
		out: of('out'),
	};
	probe.remove();
	return colours;
}

function columnsOf({bucketMs}: Curve, {xs, last, low, high}: DrawnCurve): uPlot.AlignedData {
	return bucketMs === null ? [xs, last] : [xs, high, low, last];
}

/** With the limits that hold, and air above and below; a flat line stands in the middle. */
function yRange(least: number | null, most: number | null, limits: readonly number[]): [number, number] {
	if (least === null || most === null || !Number.isFinite(least) || !Number.isFinite(most)) return [0, 1];
	const [low, high] = [Math.min(least, ...limits), Math.max(most, ...limits)];
	const air = high === low ? Math.max(1, Math.abs(high) * 0.05) : (high - low) * 0.08;
	return [low - air, high + air];
}

function numberLabels(splits: readonly number[], locale: string): string[] {
	const step = splits.length > 1 ? Math.abs(splits[1]! - splits[0]!) : 1;
	const whole = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
	// Steps of 2.5 need one digit more than their size says.
	const isExact = Math.abs(step * 10 ** whole - Math.round(step * 10 ** whole)) < 1e-6;
	const digits = Math.min(6, isExact ? whole : whole + 1);
	const format = new Intl.NumberFormat(locale, {minimumFractionDigits: digits, maximumFractionDigits: digits});
	return splits.map(value => format.format(value));
}

/** Days where the day changes, times within it. */
function timeLabels(splits: readonly number[], locale: string): string[] {
	const step = splits.length > 1 ? splits[1]! - splits[0]! : 3600;
	const day = new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short'});
	const month = new Intl.DateTimeFormat(locale, {month: 'short', year: 'numeric'});
	const time = new Intl.DateTimeFormat(locale, {
		hour: '2-digit',
		minute: '2-digit',
		...(step < 60 ? {second: '2-digit'} : {}),
		hourCycle: 'h23',
	});
	let before = '';
	return splits.map(seconds => {
		const ms = seconds * 1000;
		if (step >= 27 * 86_400) return month.format(ms);
		const today = day.format(ms);
		const isNew = today !== before;
		before = today;
		if (step >= 86_400) return today;
		return isNew ? `${time.format(ms)}\n${today}` : time.format(ms);
	});
}
