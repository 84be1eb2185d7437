// Stamps a checkpoint by an authority of a test, as a receipt carries it.
import {utf8} from '../../agent/base/bytes.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {checkpointText, type TreeHead} from '../../agent/format/checkpoint.ts';
import type {TimestampRecord} from '../../agent/format/evidence.ts';
import {imprintOf, readTimestampReply, timestampRequest} from '../../agent/format/timestamp-token.ts';
import type {Issued, TimeWorld} from './time-authority.ts';

export async function stampHead(world: TimeWorld, signer: Issued, head: TreeHead): Promise<TimestampRecord> {
	const request = timestampRequest(imprintOf(nodeHasher, 'sha256', utf8(checkpointText(head))), Uint8Array.of(7, 7, 7, 7, 7, 7, 7, 7));
	const reply = readTimestampReply(await world.reply(request, signer));
	if ('problem' in reply) throw new Error(reply.problem);
	return {authority: signer.name, token: reply.token};
}
