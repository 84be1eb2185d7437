// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Keeps the anchored heads of append-only logs, and refuses a second history.
/// @notice A log is a Merkle tree of RFC 9162 over SHA-256 that only grows. Its operator anchors its head now and then: how many entries
/// it has (size) and the hash over them all (root). Each new head comes with a proof that the anchored one is a prefix of it, so all anchored
/// heads of a log lie on one history. Whoever holds an entry can show here that it was in the log when a head was anchored.
interface IAnchorRegistry {
    /// @notice A log was opened. `logId = keccak256(abi.encode(chain id, registry, opener, originHash))`.
    /// @param originHash keccak256 of the log's origin, the first line of its checkpoints.
    event Opened(bytes32 indexed logId, address indexed opener, bytes32 indexed originHash);

    /// @notice A head was anchored.
    /// @param time The block's timestamp in seconds. With size and root it opens the commitment that the registry keeps.
    event Anchored(bytes32 indexed logId, uint64 indexed size, bytes32 root, uint64 time);

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
    /// @notice The proof does not show that the anchored head is a prefix of the new one: the proof is wrong, or the history was forked.
    error NotConsistent(bytes32 logId, uint64 anchoredSize, bytes32 anchoredRoot, uint64 size, bytes32 root);
    /// @notice The ring is full and its oldest commitment, made at `oldestTime`, may be overwritten at `freeAt` and not before.
    error RingFull(bytes32 logId, uint64 oldestTime, uint64 freeAt);

    /// @notice Opens the log of `originHash` for the caller, who becomes its operator. Nobody can take the id of another's log, because the
    /// caller's address is part of it.
    /// @param originHash keccak256 of the log's origin.
    /// @return logId The log's id, as `logIdOf` gives it.
    function open(bytes32 originHash) external returns (bytes32 logId);

    /// @notice Anchors a head of the log. Reverts with `Stale` if the size is not greater than the anchored one, with `NotConsistent` if the
    /// proof does not hold, with `RingFull` if a commitment would be overwritten within the challenge time.
    /// @param size How many entries the log has, at least 1.
    /// @param root The Merkle tree hash over them. [RFC 9162 §2.1.1]
    /// @param consistencyProof PROOF(anchored size, D_size); empty for the first anchor of a log. [RFC 9162 §2.1.4.1]
    function anchor(bytes32 logId, uint64 size, bytes32 root, bytes32[] calldata consistencyProof) external;

    /// @notice How many commitments are kept for each log: those of its newest 512 anchors.
    function ringSize() external view returns (uint256);

    /// @notice For how many seconds after its anchor a commitment is never overwritten.
    function challengeTime() external view returns (uint64);

    /// @notice The id of the log that `opener` has opened, or would open, for `originHash` on this chain.
    function logIdOf(address opener, bytes32 originHash) external view returns (bytes32);

    /// @notice Who may anchor the log; zero if it was never opened.
    function operatorOf(bytes32 logId) external view returns (address);

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
}
