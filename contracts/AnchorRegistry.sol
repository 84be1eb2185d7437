// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HeadToAnchor, IAnchorRegistry} from "./IAnchorRegistry.sol";
import {LogProof} from "./LogProof.sol";

/// @title Keeps the anchored heads of append-only logs, and refuses a second history.
/// @notice No owner, no upgrade, no fee, no funds: what it accepts for a log depends on that log's operator and on the proofs alone.
/// @dev Where everything lies in storage is committed: contracts/storage/AnchorRegistry.json.
/// Trusts the SHA-256 precompile, and the chain for timestamps in seconds that never go back. Calls nothing else.
contract AnchorRegistry is IAnchorRegistry {
    uint256 private constant RING_SIZE = 512;
    uint64 private constant CHALLENGE_TIME_MAX = 365 days;
    uint256 private constant TIME_SHIFT = 216;
    /// @dev So many anchors, each with a proof of 22 hashes, are about what one transaction may cost. [EIP-7825]
    uint256 private constant BATCH_LENGTH_MAX = 256;

    /// @dev What an anchor checks and changes besides the root, in one word.
    struct Head {
        address operator; // zero if the log was never opened
        uint56 size; //      of the newest anchored head; zero if there is none
        uint32 anchors; //   how many there were; the n-th from 0 lies in the ring at n mod RING_SIZE
        bool isClosed; //    then nothing of the log changes any more
    }

    /// @dev A log takes one slot for its head, one for the root of it, and one for each of its last `RING_SIZE` anchors; while somebody is proposed, and once it has a successor, one more.
    struct Log {
        Head head;
        bytes32 root;
        Commitment[RING_SIZE] ring;
        address proposed;
        bytes32 successor;
    }

    /// @dev One anchor in one word: the time in the upper 40 bits, and the lower 216 bits of keccak256(size, time, root). The clear time
    /// tells when the word may be overwritten, and lets a head be found among 512 by halving. To pass one head off for another takes a collision
    /// of 216 bits (2^108 steps) that the operator would have to find before the block whose time it includes.
    type Commitment is uint256;

    /// @inheritdoc IAnchorRegistry
    uint64 public immutable challengeTime;

    mapping(bytes32 logId => Log) private _logs;

    /// @param challengeTime_ For how many seconds after its anchor a commitment is never overwritten; 0 for a plain ring.
    constructor(uint64 challengeTime_) {
        if (challengeTime_ > CHALLENGE_TIME_MAX) revert ChallengeTimeTooLong(challengeTime_, CHALLENGE_TIME_MAX);
        // Milliseconds would not fit into 40 bits. In seconds they last for thirty thousand years, so no later check is needed.
        if (block.timestamp >> 40 != 0) revert TimeNotInSeconds(block.timestamp);
        challengeTime = challengeTime_;
    }

    /// @inheritdoc IAnchorRegistry
    function open(bytes32 originHash) external returns (bytes32 logId) {
        return _open(originHash, msg.sender);
    }

    /// @inheritdoc IAnchorRegistry
    function openFor(bytes32 originHash, address operator) external returns (bytes32 logId) {
        logId = _open(originHash, operator);
        if (operator != msg.sender) emit OperatorChanged(logId, msg.sender, operator);
    }

    /// @inheritdoc IAnchorRegistry
    function anchor(bytes32 logId, uint64 size, bytes32 root, bytes32[] calldata consistencyProof) external {
        // Sent twice: the error shows that the head is there.
        if (!_anchor(logId, size, root, consistencyProof)) revert Stale(logId, size, root, size, root);
    }

    /// @inheritdoc IAnchorRegistry
    function anchorMany(HeadToAnchor[] calldata heads) external returns (uint256 anchored) {
        if (heads.length == 0 || heads.length > BATCH_LENGTH_MAX) revert BatchLengthRefused(heads.length, BATCH_LENGTH_MAX);
        for (uint256 i = 0; i < heads.length; ++i) {
            HeadToAnchor calldata head = heads[i];
            if (_anchor(head.logId, head.size, head.root, head.consistencyProof)) ++anchored;
        }
    }

    /// @inheritdoc IAnchorRegistry
    function proposeOperator(bytes32 logId, address proposed) external {
        Log storage log = _operatedLog(logId);
        if (log.head.isClosed) revert LogClosed(logId, log.successor);
        if (proposed == address(0) || proposed == msg.sender) revert OperatorRefused(logId, proposed);
        log.proposed = proposed;
        emit OperatorProposed(logId, msg.sender, proposed);
    }

    /// @inheritdoc IAnchorRegistry
    function withdrawProposal(bytes32 logId) external {
        Log storage log = _operatedLog(logId);
        address proposed = log.proposed;
        if (proposed == address(0)) revert NotProposed(logId, msg.sender, proposed);
        delete log.proposed;
        emit ProposalWithdrawn(logId, msg.sender, proposed);
    }

    /// @inheritdoc IAnchorRegistry
    function acceptOperator(bytes32 logId) external {
        Log storage log = _logs[logId];
        address proposed = log.proposed;
        // Nobody is proposed for a closed log. A simulated call may come from the zero address, and zero is not somebody.
        if (proposed == address(0) || proposed != msg.sender) revert NotProposed(logId, msg.sender, proposed);
        address previous = log.head.operator;
        delete log.proposed;
        log.head.operator = proposed;
        emit OperatorChanged(logId, previous, proposed);
    }

    /// @inheritdoc IAnchorRegistry
    function close(bytes32 logId, bytes32 successor) external {
        Log storage log = _operatedLog(logId);
        if (log.head.isClosed) revert LogClosed(logId, log.successor);
        if (successor != 0) {
            // An open log is named by a closed one only, so successors never lead back.
            Head storage next = _logs[successor].head;
            if (successor == logId || next.operator != msg.sender || next.isClosed) {
                revert SuccessorRefused(logId, successor, next.operator, next.isClosed);
            }
            log.successor = successor;
        }
        delete log.proposed;
        log.head.isClosed = true;
        emit Closed(logId, successor, log.head.size, log.root);
    }

    /// @inheritdoc IAnchorRegistry
    function ringSize() external pure returns (uint256) {
        return RING_SIZE;
    }

    /// @inheritdoc IAnchorRegistry
    function batchLengthMax() external pure returns (uint256) {
        return BATCH_LENGTH_MAX;
    }

    /// @inheritdoc IAnchorRegistry
    function logIdOf(address opener, bytes32 originHash) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), opener, originHash));
    }

    /// @inheritdoc IAnchorRegistry
    function operatorOf(bytes32 logId) external view returns (address) {
        return _logs[logId].head.operator;
    }

    /// @inheritdoc IAnchorRegistry
    function proposedOperatorOf(bytes32 logId) external view returns (address) {
        return _logs[logId].proposed;
    }

    /// @inheritdoc IAnchorRegistry
    function isClosed(bytes32 logId) external view returns (bool) {
        return _logs[logId].head.isClosed;
    }

    /// @inheritdoc IAnchorRegistry
    function successorOf(bytes32 logId) external view returns (bytes32) {
        return _logs[logId].successor;
    }

    /// @inheritdoc IAnchorRegistry
    function anchorsOf(bytes32 logId) external view returns (uint32) {
        return _logs[logId].head.anchors;
    }

    /// @inheritdoc IAnchorRegistry
    function latest(bytes32 logId) external view returns (uint64 size, uint64 time, bytes32 root) {
        Log storage log = _logs[logId];
        uint256 anchors = log.head.anchors;
        if (anchors == 0) return (0, 0, 0);
        return (log.head.size, uint64(_timeOf(log.ring[(anchors - 1) % RING_SIZE])), log.root);
    }

    /// @inheritdoc IAnchorRegistry
    function isAnchored(bytes32 logId, uint64 size, uint64 time, bytes32 root) public view returns (bool) {
        Log storage log = _logs[logId];
        Commitment[RING_SIZE] storage ring = log.ring;
        uint256 end = log.head.anchors;
        uint256 low = end > RING_SIZE ? end - RING_SIZE : 0;

        // Anchors are kept in the order of their times. First find the oldest that is not older than `time`: at most nine steps.
        uint256 high = end;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_timeOf(ring[middle % RING_SIZE]) < time) low = middle + 1;
            else high = middle;
        }

        // Then look at those of the very same time, of which there are several only if one block, or several blocks of one second, had them.
        Commitment wanted = _commitmentTo(size, time, root);
        for (; low < end; ++low) {
            Commitment found = ring[low % RING_SIZE];
            if (Commitment.unwrap(found) == Commitment.unwrap(wanted)) return true;
            if (_timeOf(found) != time) return false;
        }
        return false;
    }

    /// @inheritdoc IAnchorRegistry
    function verifyInclusion(
        bytes32 logId,
        uint64 size,
        uint64 time,
        bytes32 root,
        uint64 index,
        bytes calldata leafData,
        bytes32[] calldata inclusionProof
    ) external view returns (bool) {
        return isAnchored(logId, size, time, root)
            && LogProof.verifyInclusion(LogProof.leafHash(leafData), index, size, root, inclusionProof);
    }

    /// @inheritdoc IAnchorRegistry
    function verifyConsistency(
        bytes32 logId,
        uint64 size,
        uint64 time,
        bytes32 root,
        uint64 size1,
        bytes32 root1,
        bytes32[] calldata consistencyProof
    ) external view returns (bool) {
        return isAnchored(logId, size, time, root) && LogProof.verifyConsistency(size1, root1, size, root, consistencyProof);
    }

    function _open(bytes32 originHash, address operator) private returns (bytes32 logId) {
        logId = logIdOf(msg.sender, originHash);
        Head storage head = _logs[logId].head;
        if (head.operator != address(0)) revert AlreadyOpen(logId);
        if (operator == address(0)) revert OperatorRefused(logId, operator);
        head.operator = operator;
        emit Opened(logId, msg.sender, originHash);
    }

    /// @dev The log, if the caller operates it.
    function _operatedLog(bytes32 logId) private view returns (Log storage log) {
        log = _logs[logId];
        _checkOperator(logId, log.head.operator);
    }

    function _checkOperator(bytes32 logId, address operator) private view {
        // Asked first, because a simulated call may come from the zero address.
        if (operator == address(0)) revert UnknownLog(logId);
        if (operator != msg.sender) revert NotOperator(logId, msg.sender, operator);
    }

    /// @dev Anchors one head; `false`, and nothing changes, if it is the newest one already.
    function _anchor(bytes32 logId, uint64 size, bytes32 root, bytes32[] calldata consistencyProof) private returns (bool) {
        Log storage log = _logs[logId];
        Head memory head = log.head;
        _checkOperator(logId, head.operator);

        uint64 anchoredSize = head.size;
        bytes32 anchoredRoot = log.root;
        if (size <= anchoredSize) {
            // An empty log has no head, so none that could be there already.
            if (size == anchoredSize && root == anchoredRoot && size != 0) return false;
            revert Stale(logId, size, root, anchoredSize, anchoredRoot);
        }
        if (head.isClosed) revert LogClosed(logId, log.successor);
        if (size > type(uint56).max) revert SizeTooLarge(logId, size, type(uint56).max);

        // Any log follows an empty one, and nothing is to be proved about it.
        bool consistent = anchoredSize == 0
            ? consistencyProof.length == 0
            : LogProof.verifyConsistency(anchoredSize, anchoredRoot, size, root, consistencyProof);
        if (!consistent) revert NotConsistent(logId, anchoredSize, anchoredRoot, size, root);

        uint256 position = head.anchors % RING_SIZE;
        if (head.anchors >= RING_SIZE) {
            uint256 oldestTime = _timeOf(log.ring[position]);
            uint256 freeAt = oldestTime + challengeTime;
            if (block.timestamp < freeAt) revert RingFull(logId, uint64(oldestTime), uint64(freeAt));
        }

        uint64 time = uint64(block.timestamp);
        log.ring[position] = _commitmentTo(size, time, root);
        log.root = root;
        head.size = uint56(size);
        head.anchors += 1;
        log.head = head;
        emit Anchored(logId, size, root, time);
        return true;
    }

    function _commitmentTo(uint64 size, uint64 time, bytes32 root) private pure returns (Commitment) {
        uint256 hash = uint256(keccak256(abi.encode(size, time, root)));
        return Commitment.wrap((uint256(time) << TIME_SHIFT) | ((hash << (256 - TIME_SHIFT)) >> (256 - TIME_SHIFT)));
    }

    function _timeOf(Commitment commitment) private pure returns (uint256) {
        return Commitment.unwrap(commitment) >> TIME_SHIFT;
    }
}
