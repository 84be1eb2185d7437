// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {HeadToAnchor, IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {Check, Vm} from "./Check.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {RegistryBook} from "./RegistryBook.sol";

/// @notice Lives the life of a registry in whatever order the fuzzer likes: four accounts open, anchor, hand on and close twelve logs, and try what they must not. What is done is compared with what the handler knows should
/// be; each word that a call writes, with the logs that it may touch; and the storage, with what the events tell.
contract RegistryHandler is RegistryBook {
    uint256 internal constant ACCOUNTS = 4;
    uint256 internal constant ORIGINS = 3;
    uint256 internal constant SIZE_MAX = 96;

    /// @notice What should be true of a log.
    struct Known {
        bool isOpen;
        address operator;
        address proposed;
        bool isClosed;
        uint64 size;
        bytes32 successor;
    }

    AnchorRegistry public immutable registry;
    bytes32[ACCOUNTS * ORIGINS] public ids;
    mapping(bytes32 logId => Known) internal _known;
    mapping(bytes32 logId => mapping(uint64 size => bytes32)) private _roots;
    mapping(string action => uint256) public done;
    /// @notice The first promise that was seen broken in the middle of an action.
    string public broken;
    bytes32[] private _noProof;

    constructor() {
        vm.warp(1_800_000_000);
        registry = new AnchorRegistry(0);
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = registry.logIdOf(_account(i / ORIGINS), _originOf(i));
        }
    }

    function _account(uint256 any) private pure returns (address) {
        return address(uint160(0x1001 + any % ACCOUNTS));
    }

    function _originOf(uint256 i) private pure returns (bytes32) {
        return bytes32(1 + i % ORIGINS);
    }

    function _fail(bool isBroken, string memory what) private {
        if (isBroken && bytes(broken).length == 0) broken = what;
    }

    // ---- the one history of each log ----

    function _leavesOf(bytes32 logId, uint64 size) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](size);
        for (uint64 i = 0; i < size; ++i) {
            leaves[i] = keccak256(abi.encode(logId, i));
        }
    }

    function _rootOf(bytes32 logId, uint64 size) private returns (bytes32 root) {
        root = _roots[logId][size];
        if (root != 0 || size == 0) return root;
        root = ReferenceTree.mth(_leavesOf(logId, size), 0, size);
        _roots[logId][size] = root;
    }

    function _proofOf(bytes32 logId, uint64 from, uint64 size) private pure returns (bytes32[] memory proof) {
        if (from == 0 || size <= from) return proof;
        return ReferenceTree.subproof(from, _leavesOf(logId, size), 0, size, true);
    }

    // ---- one call, watched ----

    /// @dev Sends, and sees to it that it is done or refused as it should be, writes to `touched` alone (zero: to nothing), never to a closed log, never lets a size fall, and never changes more than its events tell.
    function _send(address from, bytes memory input, bool shouldBeDone, bytes32[] memory touched, string memory what) private {
        vm.recordLogs();
        vm.record();
        vm.prank(from);
        (bool answered,) = address(registry).call(input);
        (, bytes32[] memory writes) = vm.accesses(address(registry));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _fail(answered != shouldBeDone, what);
        ++done[string.concat(answered ? "" : "no ", what)];
        if (!answered) return;
        for (uint256 i = 0; i < writes.length; ++i) {
            bool isTouched;
            for (uint256 j = 0; j < touched.length; ++j) {
                uint256 slot = _slotOf(touched[j]);
                if (uint256(writes[i]) >= slot && uint256(writes[i]) - slot < LOG_SLOTS) isTouched = true;
            }
            _fail(!isTouched, "somebody else's log moved");
        }
        for (uint256 j = 0; j < touched.length; ++j) {
            _fail(_told[touched[j]].isClosed && writes.length > 0, "a closed log moved");
        }
        uint256[] memory sizes = new uint256[](touched.length);
        for (uint256 j = 0; j < touched.length; ++j) {
            sizes[j] = _told[touched[j]].size;
        }
        _readEvents(address(registry), logs);
        for (uint256 j = 0; j < touched.length; ++j) {
            (uint64 size,, bytes32 root) = registry.latest(touched[j]);
            _fail(size < sizes[j], "a size fell");
            _fail(root != _rootOf(touched[j], size), "a root without a proof");
        }
    }

    function _one(bytes32 logId) private pure returns (bytes32[] memory list) {
        list = new bytes32[](1);
        list[0] = logId;
    }

    function _log(uint256 any) private view returns (bytes32) {
        return ids[any % ids.length];
    }

    /// @dev Its operator, mostly, and now and then anybody.
    function _sender(bytes32 logId, uint256 any) private view returns (address) {
        return any % 8 == 0 || !_known[logId].isOpen ? _account(any / 8) : _known[logId].operator;
    }

    // ---- what accounts do ----

    function pass(uint16 seconds_) external {
        vm.warp(block.timestamp + seconds_);
    }

    function open(uint256 any, bool isForAnother, uint256 anyOther) external {
        uint256 i = any % ids.length;
        address opener = _account(i / ORIGINS);
        address operator = isForAnother ? _account(anyOther) : opener;
        bytes memory input = isForAnother
            ? abi.encodeCall(IAnchorRegistry.openFor, (_originOf(i), operator))
            : abi.encodeCall(IAnchorRegistry.open, (_originOf(i)));
        bool should = !_known[ids[i]].isOpen;
        _send(opener, input, should, _one(ids[i]), "open");
        if (should) (_known[ids[i]].isOpen, _known[ids[i]].operator) = (true, operator);
    }

    function anchor(uint256 anyLog, uint256 anySender, uint256 anySize) external {
        bytes32 logId = _log(anyLog);
        Known storage known = _known[logId];
        address from = _sender(logId, anySender);
        uint64 size = uint64(between(anySize, known.size, known.size + 4));
        if (size > SIZE_MAX) return;
        bytes memory input = abi.encodeCall(IAnchorRegistry.anchor, (logId, size, _rootOf(logId, size), _proofOf(logId, known.size, size)));
        bool should = known.isOpen && from == known.operator && !known.isClosed && size > known.size;
        _send(from, input, should, _one(logId), "anchor");
        if (should) known.size = size;
    }

    /// @dev Of a log that has a head: a proof that was left out, cut, bent, or is another tree's.
    function anchorForged(uint256 anyLog, uint256 kind, uint256 any) external {
        bytes32 logId = _log(anyLog);
        Known storage known = _known[logId];
        uint64 size = known.size + uint64(1 + any % 5);
        if (known.size == 0 || size > SIZE_MAX) return;
        bytes32 root = _rootOf(logId, size);
        bytes32[] memory proof = _proofOf(logId, known.size, size);
        if (kind % 5 == 0) proof = new bytes32[](0);
        if (kind % 5 == 1) proof = resized(proof, proof.length - 1);
        if (kind % 5 == 2) proof = resized(proof, proof.length + 1);
        if (kind % 5 == 3) proof[any % proof.length] ^= bytes32(1 << (any / 256 % 256));
        if (kind % 5 == 4) {
            bytes32[] memory leaves = _leavesOf(logId, size);
            leaves[any % known.size] ^= bytes32(1 << (any / 256 % 256));
            root = ReferenceTree.mth(leaves, 0, size);
            proof = ReferenceTree.subproof(known.size, leaves, 0, size, true);
        }
        _send(known.operator, abi.encodeCall(IAnchorRegistry.anchor, (logId, size, root, proof)), false, _one(logId), "anchor forged");
    }

    /// @dev Heads of up to four logs; some are there already, and now and then one is not the sender's.
    function anchorMany(uint256 anySender, uint256 seed) external {
        address from = _account(anySender);
        HeadToAnchor[] memory heads = new HeadToAnchor[](1 + seed % 4);
        bytes32[] memory touched = new bytes32[](heads.length);
        uint64[] memory sizes = new uint64[](heads.length);
        bool should = true;
        for (uint256 i = 0; i < heads.length; ++i) {
            uint256 any = uint256(keccak256(abi.encode(seed, i)));
            bytes32 logId = _ownLog(from, any);
            Known storage known = _known[logId];
            uint64 before = known.size;
            for (uint256 j = 0; j < i; ++j) {
                if (touched[j] == logId) before = sizes[j];
            }
            uint64 size = before + uint64((any >> 8) % 4);
            if (size > SIZE_MAX) size = before;
            should = should && known.isOpen && known.operator == from && (size == before ? size != 0 : !known.isClosed);
            heads[i] = HeadToAnchor(logId, size, _rootOf(logId, size), _proofOf(logId, before, size));
            (touched[i], sizes[i]) = (logId, size);
        }
        // A closed log is in it only to be passed over: then nothing of it is written.
        _send(from, abi.encodeCall(IAnchorRegistry.anchorMany, (heads)), should, _open(touched), "anchor many");
        if (!should) return;
        for (uint256 i = 0; i < heads.length; ++i) {
            _known[touched[i]].size = sizes[i];
        }
    }

    /// @dev A log of this account if it has one, mostly.
    function _ownLog(address from, uint256 any) private view returns (bytes32 logId) {
        for (uint256 i = 0; i < ids.length; ++i) {
            logId = _log(any % ids.length + i);
            if (any % 16 == 0 || _known[logId].operator == from) return logId;
        }
    }

    function _open(bytes32[] memory list) private view returns (bytes32[] memory open_) {
        uint256 length;
        for (uint256 i = 0; i < list.length; ++i) {
            if (!_known[list[i]].isClosed) ++length;
        }
        open_ = new bytes32[](length);
        for (uint256 i = list.length; i > 0; --i) {
            if (!_known[list[i - 1]].isClosed) open_[--length] = list[i - 1];
        }
    }

    function proposeOperator(uint256 anyLog, uint256 anySender, uint256 anyOther) external {
        bytes32 logId = _log(anyLog);
        Known storage known = _known[logId];
        address from = _sender(logId, anySender);
        address proposed = anyOther % 16 == 0 ? address(0) : _account(anyOther);
        bool should = known.isOpen && from == known.operator && !known.isClosed && proposed != address(0) && proposed != from;
        _send(from, abi.encodeCall(IAnchorRegistry.proposeOperator, (logId, proposed)), should, _one(logId), "propose");
        if (should) known.proposed = proposed;
    }

    function withdrawProposal(uint256 anyLog, uint256 anySender) external {
        bytes32 logId = _log(anyLog);
        Known storage known = _known[logId];
        address from = _sender(logId, anySender);
        bool should = known.isOpen && from == known.operator && known.proposed != address(0);
        _send(from, abi.encodeCall(IAnchorRegistry.withdrawProposal, (logId)), should, _one(logId), "withdraw");
        if (should) known.proposed = address(0);
    }

    function acceptOperator(uint256 anyLog, uint256 anySender) external {
        bytes32 logId = _log(anyLog);
        Known storage known = _known[logId];
        address from = anySender % 4 == 0 || known.proposed == address(0) ? _account(anySender / 4) : known.proposed;
        bool should = known.proposed == from;
        _send(from, abi.encodeCall(IAnchorRegistry.acceptOperator, (logId)), should, _one(logId), "accept");
        if (should) (known.operator, known.proposed) = (from, address(0));
    }

    /// @dev One time in four that it is asked for, so that logs live for a while.
    function close(uint256 anyLog, uint256 anySender, uint256 anySuccessor) external {
        if (anySuccessor % 4 != 0) return;
        bytes32 logId = _log(anyLog);
        Known storage known = _known[logId];
        address from = _sender(logId, anySender);
        bytes32 successor = (anySuccessor / 4) % 3 == 0 ? bytes32(0) : _ownLog(from, anySuccessor / 16);
        Known storage next = _known[successor];
        bool should = known.isOpen && from == known.operator && !known.isClosed
            && (successor == 0 || (successor != logId && next.isOpen && next.operator == from && !next.isClosed));
        _send(from, abi.encodeCall(IAnchorRegistry.close, (logId, successor)), should, _one(logId), "close");
        if (should) (known.isClosed, known.successor, known.proposed) = (true, successor, address(0));
    }

    // ---- what must be true after every action ----

    /// @notice What the events tell is what is stored, word by word.
    function expectStored() external view {
        _expectStored(address(registry));
    }

    /// @notice What the registry says is what this handler knows.
    function expectKnown() external view {
        for (uint256 i = 0; i < ids.length; ++i) {
            bytes32 logId = ids[i];
            Known storage known = _known[logId];
            (uint64 size,, bytes32 root) = registry.latest(logId);
            expectUint(size, known.size, "size");
            expectBytes32(root, _roots[logId][size], "root");
            expect(registry.operatorOf(logId) == known.operator, "operator");
            expect(registry.proposedOperatorOf(logId) == known.proposed, "proposed");
            expect(registry.isClosed(logId) == known.isClosed, "closed");
            expectBytes32(registry.successorOf(logId), known.successor, "successor");
        }
    }

    /// @notice From every log the successors come to an end.
    function expectEnds() external view {
        for (uint256 i = 0; i < ids.length; ++i) {
            bytes32 logId = ids[i];
            for (uint256 steps = 0; logId != 0; ++steps) {
                expect(steps < ids.length, "successors lead back");
                logId = registry.successorOf(logId);
            }
        }
    }
}

contract AnchorRegistryInvariantTest is Check {
    RegistryHandler private _handler;

    function setUp() external {
        _handler = new RegistryHandler();
    }

    /// @dev Forge asks which contract it should call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice One long life by a fixed seed, to see that the fuzzer's actions do happen, all of them, and that what must not be done is tried.
    function test_a_long_life_meets_everything() external {
        for (uint256 i = 0; i < 1200; ++i) {
            uint256 any = uint256(keccak256(abi.encode("life", i)));
            _act(any % 12, any >> 8, any >> 72, any >> 136);
        }
        this.invariant_every_call_does_what_it_should_and_no_more();
        this.invariant_the_events_alone_give_the_state();
        string[14] memory actions = [
            "open",
            "no open",
            "anchor",
            "no anchor",
            "no anchor forged",
            "anchor many",
            "no anchor many",
            "propose",
            "no propose",
            "withdraw",
            "no withdraw",
            "accept",
            "no accept",
            "close"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            expect(_handler.done(actions[i]) >= 5, string.concat(actions[i], " ", vm.toString(_handler.done(actions[i]))));
        }
    }

    /// @dev Anchors more often than the rest: else most logs end before they have grown.
    function _act(uint256 action, uint256 any1, uint256 any2, uint256 any3) private {
        if (action == 0) _handler.open(any1, any2 % 2 == 0, any3);
        else if (action < 4) _handler.anchor(any1, any2, any3);
        else if (action < 6) _handler.anchorForged(any1, any2, any3);
        else if (action < 8) _handler.anchorMany(any1, any2);
        else if (action == 8) _handler.proposeOperator(any1, any2, any3);
        else if (action == 9) _handler.withdrawProposal(any1, any2);
        else if (action == 10) _handler.acceptOperator(any1, any2);
        else if (any1 % 4 < 3) _handler.close(any1 / 4, any2, any3);
        else _handler.pass(uint16(any2));
    }

    /// @notice Sizes only rise, no root comes without a proof, nobody else's log moves, a closed log never does, and whatever is asked is done or refused as it should be.
    /// forge-config: default.invariant.runs = 12
    function invariant_every_call_does_what_it_should_and_no_more() external view {
        string memory broken = _handler.broken();
        expect(bytes(broken).length == 0, broken);
        _handler.expectKnown();
        _handler.expectEnds();
    }

    /// @notice Whoever has read the events knows every word that is stored.
    /// forge-config: default.invariant.runs = 12
    function invariant_the_events_alone_give_the_state() external view {
        _handler.expectStored();
    }
}
