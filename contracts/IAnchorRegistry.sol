// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice A head that a batch anchors: the arguments of `anchor`.
struct HeadToAnchor {
    bytes32 logId;
    uint64 size;
    bytes32 root;
    bytes32[] consistencyProof;
}

/// @title Keeps the anchored heads of append-only logs, and refuses a second history.
/// @notice A log is a Merkle tree of RFC 9162 over SHA-256 that only grows. Its operator anchors its head now and then: how many entries
/// it has (size) and the hash over them all (root). Each new head comes with a proof that the anchored one is a prefix of it, so all anchored
/// heads of a log lie on one history. Whoever holds an entry can show here that it was in the log when a head was anchored.
/// @dev The events alone give the whole state. A log is there since `Opened`. Its operator is the opener until `OperatorChanged` names another. Its heads are those of `Anchored`, in their order: the n-th from 0 lies in the
/// ring at n mod `ringSize`. Proposed is who the newest `OperatorProposed` names, until `ProposalWithdrawn`, `OperatorChanged` or `Closed`. After `Closed` nothing of it changes any more.
interface IAnchorRegistry {
    /// @notice A log was opened. `logId = keccak256(abi.encode(chain id, registry, opener, originHash))`.
    /// @param originHash keccak256 of the log's origin, the first line of its checkpoints.
    event Opened(bytes32 indexed logId, address indexed opener, bytes32 indexed originHash);

    /// @notice A head was anchored.
    /// @param time The block's timestamp in seconds. With size and root it opens the commitment that the registry keeps.
    event Anchored(bytes32 indexed logId, uint64 indexed size, bytes32 root, uint64 time);

    /// @notice The operator wants `proposed` to take the log over. Until that one accepts nothing changes.
    event OperatorProposed(bytes32 indexed logId, address indexed operator, address indexed proposed);

    /// @notice The operator no longer wants `proposed` to take the log over.
    event ProposalWithdrawn(bytes32 indexed logId, address indexed operator, address indexed proposed);

    /// @notice From here on `operator` anchors the log, and `previous` does not: it accepted, or the opener opened the log for it.
    event OperatorChanged(bytes32 indexed logId, address indexed previous, address indexed operator);

    /// @notice The log takes no more heads.
    /// @param successor The log that goes on where this one ends, an epoch of the same operator; zero for none.
    /// @param size Of the last head; zero if there was none.
    /// @param root Of the last head; zero if there was none.
    event Closed(bytes32 indexed logId, bytes32 indexed successor, uint64 size, bytes32 root);

    /// @notice Challenge times beyond a year would let the ring lock a busy log for longer than anybody waits.
    error ChallengeTimeTooLong(uint64 challengeTime, uint64 challengeTimeMax);
    /// @notice The chain does not count its time in seconds.
    error TimeNotInSeconds(uint256 timestamp);
    /// @notice This opener has opened a log of this origin before.
    error AlreadyOpen(bytes32 logId);
    /// @notice No log of this id was opened here.
    error UnknownLog(bytes32 logId);
    /// @notice Only the log's operator anchors it.
    error NotOperator(bytes32 logId, address caller, address operator);
    /// @notice The log is anchored at this size or a greater one already. If `anchoredSize` and `anchoredRoot` are the very head that was to be
    /// anchored, then an earlier transaction has anchored it: there is nothing left to do.
    error Stale(bytes32 logId, uint64 size, bytes32 root, uint64 anchoredSize, bytes32 anchoredRoot);
    /// @notice Sizes are kept in 56 bits: a log of a million entries a second reaches that in two thousand years.
    error SizeTooLarge(bytes32 logId, uint64 size, uint64 sizeMax);
    /// @notice The log was closed, and `successor`, if not zero, goes on where it ends.
    error LogClosed(bytes32 logId, bytes32 successor);
    /// @notice No log is operated by the zero address, and nobody proposes who is the operator already.
    error OperatorRefused(bytes32 logId, address operator);
    /// @notice Only who is proposed takes the log over; `proposed` is zero if nobody is.
    error NotProposed(bytes32 logId, address caller, address proposed);
    /// @notice A successor is another log, open, and of the same operator; this one has the operator `successorOperator` (zero if it was never opened), or is closed itself.
    error SuccessorRefused(bytes32 logId, bytes32 successor, address successorOperator, bool isSuccessorClosed);
    /// @notice A batch has one head at least and `lengthMax` at most.
    error BatchLengthRefused(uint256 length, uint256 lengthMax);
    /// @notice The proof does not show that the anchored head is a prefix of the new one: the proof is wrong, or the history was forked.
    error NotConsistent(bytes32 logId, uint64 anchoredSize, bytes32 anchoredRoot, uint64 size, bytes32 root);
    /// @notice The ring is full and its oldest commitment, made at `oldestTime`, may be overwritten at `freeAt` and not before.
    error RingFull(bytes32 logId, uint64 oldestTime, uint64 freeAt);

    /// @notice Opens the log of `originHash` for the caller, who becomes its operator. Nobody can take the id of another's log, because the
    /// caller's address is part of it.
    /// @param originHash keccak256 of the log's origin.
    /// @return logId The log's id, as `logIdOf` gives it.
    function open(bytes32 originHash) external returns (bytes32 logId);

    /// @notice Opens the log of `originHash` for the caller, as `open` does, and makes `operator` its operator at once: a hub, say, that anchors for many. The log's id is the caller's all the same, but the caller has no say in
    /// the log any more. Nobody asks `operator`; being named binds it to nothing.
    /// @param originHash keccak256 of the log's origin.
    /// @param operator Who anchors the log; not zero. A wrong address cannot be put right: the log then stays empty, and another origin has to be opened.
    /// @return logId The log's id, as `logIdOf` gives it for the caller.
    function openFor(bytes32 originHash, address operator) external returns (bytes32 logId);

    /// @notice Anchors a head of the log. Reverts with `Stale` if the size is not greater than the anchored one, with `LogClosed` if the log was closed, with `NotConsistent` if the
    /// proof does not hold, with `RingFull` if a commitment would be overwritten within the challenge time.
    /// @dev The newest head again is `Stale` in a closed log too, so that whoever sends it a second time learns that it is there.
    /// @param size How many entries the log has, from 1 to 2^56 − 1.
    /// @param root The Merkle tree hash over them. [RFC 9162 §2.1.1]
    /// @param consistencyProof PROOF(anchored size, D_size); empty for the first anchor of a log. [RFC 9162 §2.1.4.1]
    function anchor(bytes32 logId, uint64 size, bytes32 root, bytes32[] calldata consistencyProof) external;

    /// @notice Anchors a head of each of several logs that the caller operates, in their order: all of them, or none and the first one's error. Only a head that is its log's newest one already, with the very same size and
    /// root, is passed over, so that a batch can be sent again whatever became of it. A log may be in it more than once, with growing sizes.
    /// @dev All or none is safe, since nobody but the caller changes what decides whether one of its heads is taken; and whoever asks by `eth_call` before sending learns which one would fail.
    /// @param heads From 1 to `batchLengthMax`.
    /// @return anchored How many were anchored, and not passed over.
    function anchorMany(HeadToAnchor[] calldata heads) external returns (uint256 anchored);

    /// @notice Proposes that `proposed` takes the log over; it has to accept. Replaces an earlier proposal. Only for the operator of a log that is not closed.
    /// @param proposed Not zero, and not the operator.
    function proposeOperator(bytes32 logId, address proposed) external;

    /// @notice Takes the proposal back. Only for the operator; reverts with `NotProposed` if nobody is proposed, and with `NotOperator` if the proposed one was faster.
    function withdrawProposal(bytes32 logId) external;

    /// @notice Takes over the log for which the caller is proposed. From then on the caller alone anchors, proposes and closes. The log's id, heads and commitments stay.
    function acceptOperator(bytes32 logId) external;

    /// @notice Closes the log for ever. What is anchored stays and can be proved against; no head is added, nobody takes it over, and a proposal falls. Only for the operator.
    /// @dev Wait until the last head is final before: what was not anchored by then never will be.
    /// @param successor The id of the log that goes on where this one ends: another one, open and not closed, with the same operator. Zero for none.
    function close(bytes32 logId, bytes32 successor) external;

    /// @notice How many commitments are kept for each log: those of its newest 512 anchors.
    function ringSize() external view returns (uint256);

    /// @notice How many heads a batch has at most.
    function batchLengthMax() external view returns (uint256);

    /// @notice For how many seconds after its anchor a commitment is never overwritten.
    function challengeTime() external view returns (uint64);

    /// @notice The id of the log that `opener` has opened, or would open, for `originHash` on this chain.
    function logIdOf(address opener, bytes32 originHash) external view returns (bytes32);

    /// @notice Who may anchor the log; zero if it was never opened.
    function operatorOf(bytes32 logId) external view returns (address);

    /// @notice Whom the operator wants to take the log over; zero for nobody.
    function proposedOperatorOf(bytes32 logId) external view returns (address);

    /// @notice Whether the log was closed.
    function isClosed(bytes32 logId) external view returns (bool);

    /// @notice The log that goes on where this one ends; zero if it is not closed, or has none. Following it from log to log comes to an end.
    function successorOf(bytes32 logId) external view returns (bytes32);

    /// @notice How often the log was anchored.
    function anchorsOf(bytes32 logId) external view returns (uint32);

    /// @notice The newest anchored head and the time of its anchor; all zero if there is none.
    function latest(bytes32 logId) external view returns (uint64 size, uint64 time, bytes32 root);

    /// @notice Whether this very head was anchored at this time and is still among the last `ringSize`.
    /// @dev `false` does not mean that it never was: after the challenge time the event `Anchored` alone remembers it.
    function isAnchored(bytes32 logId, uint64 size, uint64 time, bytes32 root) external view returns (bool);

    /// @notice Whether `leafData` is entry `index` of the log, under the head (`size`, `time`, `root`) if that `isAnchored`.
    /// @param index Place of the entry in the log, from 0.
    /// @param leafData The entry's bytes, 118 of them if the agent made it; the leaf prefix is added here.
    /// @param inclusionProof PATH(index, D_size). [RFC 9162 §2.1.3.1]
    function verifyInclusion(
        bytes32 logId,
        uint64 size,
        uint64 time,
        bytes32 root,
        uint64 index,
        bytes calldata leafData,
        bytes32[] calldata inclusionProof
    ) external view returns (bool);

    /// @notice Whether the tree of `size1` and `root1` is a prefix of the log, under the head (`size`, `time`, `root`) if that `isAnchored`. So a receipt whose own commitment is no longer kept is good for as long as the log
    /// is: by this, and by `LogProof.verifyInclusion` under `root1`.
    /// @dev `true` says that the log had these first `size1` entries by `time`; when a head of this size was anchored before, only the event `Anchored` says.
    /// @param size1 From 1 to `size`. As with any root, a wrong size of the same shape passes: take it from a signed checkpoint or from the event.
    /// @param consistencyProof PROOF(size1, D_size); empty if `size1` is `size`. [RFC 9162 §2.1.4.1]
    function verifyConsistency(
        bytes32 logId,
        uint64 size,
        uint64 time,
        bytes32 root,
        uint64 size1,
        bytes32 root1,
        bytes32[] calldata consistencyProof
    ) external view returns (bool);
}
