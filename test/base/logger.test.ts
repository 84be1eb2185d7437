// Lines of the agent's log: one an event, whatever is in the fields, for people, files and the journal.
import test from 'ava';
import {createLineLogger, isJournal, type LogLevel} from '../../agent/base/logger.ts';

function lines(front?: Parameters<typeof createLineLogger>[2], level: LogLevel = 'debug') {
	const written: string[] = [];
	return {written, logger: createLineLogger(line => written.push(line), level, front)};
}

test('a line is level, event and fields, with the time in front where nobody else writes it', t => {
	const plain = lines();
	plain.logger.log('info', 'agent runs', {size: 3, broker: '127.0.0.1:1883', client: undefined, isSo: true});
	t.deepEqual(plain.written, ['info  agent runs size=3 broker=127.0.0.1:1883 isSo=true\n']);
	const timed = lines(() => 1_796_000_000_000);
	timed.logger.log('warn', 'a device waits');
	t.deepEqual(timed.written, ['2026-11-30T00:53:20.000Z warn  a device waits\n']);
});

test('what the journal reads begins with its priority', t => {
	const {written, logger} = lines('journal');
	for (const level of ['debug', 'info', 'warn', 'error'] as const) logger.log(level, 'e');
	t.deepEqual(written, ['<7>debug e\n', '<6>info  e\n', '<4>warn  e\n', '<3>error e\n']);
});

test('a field cannot begin another line, nor steer a terminal', t => {
	const {written, logger} = lines('journal');
	logger.log('info', 'e', {topic: 'a\n<0>panic', name: 'x\u009b31m\u001b[2J\u2028y"'});
	t.is(written.length, 1);
	t.is(written[0], '<6>info  e topic="a\\n<0>panic" name="x\\u009b31m\\u001b[2J\\u2028y\\""\n');
});

test('less than the level is not written', t => {
	const {written, logger} = lines(undefined, 'warn');
	logger.log('info', 'e');
	logger.log('error', 'e');
	t.deepEqual(written, ['error e\n']);
});

test('the journal reads a stream only if that is the stream which systemd named', t => {
	t.true(isJournal('8:123', {dev: 8, ino: 123}));
	t.false(isJournal('8:124', {dev: 8, ino: 123}));
	t.false(isJournal(undefined, {dev: 8, ino: 123}));
});
