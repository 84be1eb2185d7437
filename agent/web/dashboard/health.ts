// Says from the state of the agent whether all is well, and what is to be done about each warning.

import type {Agent} from '../../api/client.ts';
import type {Language} from '../language.ts';

export type Verdict = 'good' | 'half' | 'bad';

export function verdictOf(agent: Pick<Agent, 'state' | 'warnings'>): Verdict {
	if (agent.state !== 'running') return 'bad';
	return agent.warnings.length > 0 ? 'half' : 'good';
}

type Advice = {readonly when: RegExp; readonly en: string; readonly zh: string};

/** Warnings of which the alarms tell more. */
export const ofAlarms = /refused as/;

/** By how the agent's sentences begin; the first that fits counts. */
const advice: readonly Advice[] = [
	{
		when: /^FROZEN/,
		en: 'Do not delete anything. Run kedge doctor on the machine; it says whether an older copy of the log was put in its place.',
		zh: '请勿删除任何内容。在代理主机上运行 kedge doctor，它会说明是否有旧的日志副本被放回。',
	},
	{
		when: /^Nothing is released/,
		en: 'Wait a minute. If it stays, run kedge doctor on the machine.',
		zh: '请等待一分钟。若仍如此，请在代理主机上运行 kedge doctor。',
	},
	{
		when: /disk|free/i,
		en: 'Make room on the disk, or give the log a larger one. Old messages can be pruned: kedge prune --help.',
		zh: '请腾出磁盘空间，或为日志换用更大的磁盘。旧消息可以裁剪：kedge prune --help。',
	},
	{
		when: /^Silent/,
		en: 'Look whether the device has power and a network. Its readings are missing from the log for as long as it is silent.',
		zh: '请检查设备是否通电、联网。静默期间，日志中没有它的读数。',
	},
	{
		when: /exceptions/,
		en: 'A meter counted backwards or jumped: was it changed or reset? State it with kedge correct, so that everybody can see why.',
		zh: '电表倒走或跳变：是否更换或复位过？请用 kedge correct 说明，让所有人都能看到原因。',
	},
	{
		when: /calibration/i,
		en: 'Have the device calibrated again and enter its new certificate: kedge device --help.',
		zh: '请重新校准设备并登记新证书：kedge device --help。',
	},
	{
		when: ofAlarms,
		en: 'Open the alarms to see what was sent. Most often a topic or a mapping of the configuration does not fit the device.',
		zh: '请打开“告警”查看收到的内容。多数情况下是配置中的主题或映射与设备不符。',
	},
	{
		when: /^Anchoring at/,
		en: 'Readings are kept and signed all the same, and are anchored later. Check the network and the node; kedge doctor tries them.',
		zh: '读数仍会保存并签名，稍后再锚定。请检查网络和节点；kedge doctor 会逐一测试。',
	},
	{
		when: /balance/,
		en: 'Send the anchoring key some coins of its chain; its address is in kedge status.',
		zh: '请向锚定密钥转入该链的币；其地址见 kedge status。',
	},
	{
		when: /clock of this machine/,
		en: 'Switch on time synchronisation on the machine, for example: timedatectl set-ntp true',
		zh: '请在代理主机上开启时间同步，例如：timedatectl set-ntp true',
	},
	{
		when: /connection to broker/,
		en: 'Look whether the broker runs and whether its address, name and password in the configuration are right.',
		zh: '请检查 MQTT 服务器（broker）是否运行，以及配置中的地址、用户名和密码是否正确。',
	},
	{
		when: /refuses the subscription|QoS 0|has dropped/,
		en: 'Change the broker’s configuration: let this agent subscribe with QoS 1 and give it longer queues.',
		zh: '请修改 MQTT 服务器（broker）的配置：允许本代理以 QoS 1 订阅，并加大队列。',
	},
	{
		when: /could not be kept/,
		en: 'Look at the log lines of the agent: they say what failed.',
		zh: '请查看代理的运行日志：其中说明了失败原因。',
	},
	{
		when: /without encryption/,
		en: 'Give the broker a certificate with kedge certificate NAME, and take broker.port out of the configuration.',
		zh: '请用 kedge certificate NAME 为内置 MQTT 服务器签发证书，并从配置中去掉 broker.port。',
	},
	{
		when: /certificate| r[au]ns? out | is valid from /,
		en: 'Make the next certificate with kedge certificate; the agent takes it up within a minute.',
		zh: '请用 kedge certificate 签发下一张证书；代理会在一分钟内启用。',
	},
	{
		when: /ANYBODY/,
		en: 'Give every device a password or a certificate and take broker.anonymous out of the configuration.',
		zh: '请为每台设备设置密码或证书，并从配置中去掉 broker.anonymous。',
	},
	{
		when: /market .* is halted/,
		en: 'The market takes no orders until it is looked at: kedge status says why.',
		zh: '在处理之前，市场不接受订单：原因见 kedge status。',
	},
	{
		when: /commit failed/,
		en: 'Start the agent again. If it happens twice, the disk may be failing: run kedge doctor.',
		zh: '请重新启动代理。若再次发生，磁盘可能出现故障：请运行 kedge doctor。',
	},
];

const otherwise = {
	en: 'Run kedge doctor on the machine: it looks at everything and says what to do.',
	zh: '请在代理主机上运行 kedge doctor：它会检查一切并说明该怎么办。',
};

/** What is to be done, and the warnings that it would end, in the order in which the agent gave the first of each. */
export function byAdvice(warnings: readonly string[], language: Language): readonly {advice: string; warnings: readonly string[]}[] {
	const sorted = new Map<string, string[]>();
	for (const warning of warnings) {
		const what = (advice.find(({when}) => when.test(warning)) ?? otherwise)[language];
		sorted.set(what, [...(sorted.get(what) ?? []), warning]);
	}
	return [...sorted].map(([what, its]) => ({advice: what, warnings: its}));
}

/** So much of the log is held elsewhere, as people read it; never 100 % while anything is missing. */
export function shareText(part: number, whole: number, locale: string): string {
	if (whole === 0) return '–';
	const share = Math.min(1, part / whole);
	const shown = share === 1 ? 1 : Math.min(share, 0.999);
	return new Intl.NumberFormat(locale, {style: 'percent', maximumFractionDigits: shown < 1 && shown > 0.99 ? 1 : 0}).format(shown);
}
