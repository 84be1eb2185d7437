// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {HeadToAnchor, IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {Check} from "./Check.sol";
import {EqualLog} from "./EqualLog.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {RegistryBook} from "./RegistryBook.sol";
import {ConsistencyCase, Vectors} from "./Vectors.sol";

/// @notice A registry with one open log, and a clock that stands at a time of our choice.
abstract contract RegistryCheck is Check {
    uint64 internal constant CHALLENGE_TIME = 7 days;
    uint64 internal constant START = 1_800_000_000;
    address internal constant OPERATOR = address(0x0be4a704);
    bytes32 internal constant ORIGIN_HASH = keccak256("kedge.example/street/1");
    bytes32[] internal _noProof;

    AnchorRegistry internal _registry;
    bytes32 internal _logId;

    function setUp() public virtual {
        vm.warp(START);
        _registry = new AnchorRegistry(CHALLENGE_TIME);
        vm.prank(OPERATOR);
        _logId = _registry.open(ORIGIN_HASH);
    }

    function _anchor(uint64 size, bytes32 root, bytes32[] memory proof) internal {
        vm.prank(OPERATOR);
        _registry.anchor(_logId, size, root, proof);
    }

    /// @dev All arguments are worked out before the expectation is set, else it would meet the SHA-256 precompile first.
    function _expectRefused(bytes memory revertData, uint64 size, bytes32 root, bytes32[] memory proof) internal {
        vm.expectRevert(revertData);
        _anchor(size, root, proof);
    }

    function _expectLatest(uint64 size, uint64 time, bytes32 root) internal view {
        (uint64 foundSize, uint64 foundTime, bytes32 foundRoot) = _registry.latest(_logId);
        expectUint(foundSize, size, "latest size");
        expectUint(foundTime, time, "latest time");
        expectBytes32(foundRoot, root, "latest root");
    }
}

contract AnchorRegistryOpenTest is RegistryCheck {
    function test_the_log_id_commits_to_chain_registry_opener_and_origin() external {
        bytes32 logId = keccak256(abi.encode(block.chainid, address(_registry), OPERATOR, ORIGIN_HASH));
        expectBytes32(_logId, logId, "the id that open returned");
        expectBytes32(_registry.logIdOf(OPERATOR, ORIGIN_HASH), logId, "logIdOf");
        expect(_registry.operatorOf(logId) == OPERATOR, "the opener is the operator");

        vm.chainId(block.chainid + 1);
        expect(_registry.logIdOf(OPERATOR, ORIGIN_HASH) != logId, "another chain, another id");
        expect(new AnchorRegistry(0).logIdOf(OPERATOR, ORIGIN_HASH) != logId, "another registry, another id");
    }

    function test_opening_is_announced() external {
        address opener = address(0xbeef);
        bytes32 logId = _registry.logIdOf(opener, ORIGIN_HASH);
        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.Opened(logId, opener, ORIGIN_HASH);
        vm.prank(opener);
        expectBytes32(_registry.open(ORIGIN_HASH), logId, "two openers of one origin have two logs");
    }

    function test_a_log_opens_once() external {
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.AlreadyOpen.selector, _logId));
        vm.prank(OPERATOR);
        _registry.open(ORIGIN_HASH);
    }

    function test_a_log_that_was_never_anchored_is_empty() external view {
        _expectLatest(0, 0, 0);
        expectUint(_registry.anchorsOf(_logId), 0, "anchors");
        expect(!_registry.isAnchored(_logId, 0, 0, 0), "nothing is anchored, not even nothing");
        expect(!_registry.isAnchored(bytes32(0), 1, START, bytes32(0)), "nor in a log that nobody opened");
        expect(_registry.operatorOf(bytes32(0)) == address(0), "which nobody operates");
    }

    function test_only_the_operator_anchors() external {
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.NotOperator.selector, _logId, address(this), OPERATOR));
        _registry.anchor(_logId, 1, bytes32(uint256(1)), _noProof);
    }

    function test_a_log_that_nobody_opened_is_unknown() external {
        bytes32 logId = keccak256("nobody's");
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.UnknownLog.selector, logId));
        vm.prank(OPERATOR);
        _registry.anchor(logId, 1, bytes32(uint256(1)), _noProof);
        // The zero address operates no unopened log either.
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.UnknownLog.selector, logId));
        vm.prank(address(0));
        _registry.anchor(logId, 1, bytes32(uint256(1)), _noProof);
    }

    function testFuzz_a_stranger_changes_nothing(address stranger, uint64 size, bytes32 root) external {
        vm.assume(stranger != OPERATOR);
        vm.prank(stranger);
        (bool answered,) = address(_registry).call(abi.encodeCall(IAnchorRegistry.anchor, (_logId, size, root, _noProof)));
        expect(!answered, "the stranger is refused");
        _expectLatest(0, 0, 0);
    }

    function test_a_challenge_time_beyond_a_year_is_refused() external {
        uint64 year = 365 days;
        expectUint(new AnchorRegistry(year).challengeTime(), year, "a year is accepted");
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.ChallengeTimeTooLong.selector, year + 1, year));
        new AnchorRegistry(year + 1);
    }

    function test_a_chain_that_counts_milliseconds_is_refused() external {
        vm.warp(1_800_000_000_000);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.TimeNotInSeconds.selector, 1_800_000_000_000));
        new AnchorRegistry(CHALLENGE_TIME);
    }
}

/// @notice A log whose entries differ from each other, and proofs between any two of its sizes.
abstract contract HistoryCheck is RegistryCheck {
    address internal constant HUB = address(0x4ab);
    address internal constant STRANGER = address(0x57a);
    bytes32[] internal _leaves;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < 64; ++i) {
            _leaves.push(ReferenceTree.leaf(abi.encode("entry", i)));
        }
    }

    function _rootOf(uint64 size) internal view returns (bytes32) {
        return ReferenceTree.mth(_leaves, 0, size);
    }

    function _proofBetween(uint64 size1, uint64 size2) internal view returns (bytes32[] memory) {
        return size1 == 0 ? new bytes32[](0) : ReferenceTree.subproof(size1, _leaves, 0, size2, true);
    }

    /// @dev Asks as `caller`, and expects these words of refusal.
    function _expectRefusedBy(address caller, bytes memory input, bytes memory revertData) internal {
        vm.prank(caller);
        (bool answered, bytes memory answer) = address(_registry).call(input);
        expect(!answered, "it is refused");
        expectBytes32(keccak256(answer), keccak256(revertData), "with this error");
    }

    function _callAs(address caller, bytes memory input) internal {
        vm.prank(caller);
        (bool answered,) = address(_registry).call(input);
        expect(answered, "it is done");
    }

    function _open(address opener, bytes32 originHash) internal returns (bytes32 logId) {
        vm.prank(opener);
        return _registry.open(originHash);
    }

    function _anchorInput(bytes32 logId, uint64 from, uint64 size) internal view returns (bytes memory) {
        return abi.encodeCall(IAnchorRegistry.anchor, (logId, size, _rootOf(size), _proofBetween(from, size)));
    }
}

contract AnchorRegistryHistoryTest is HistoryCheck, Vectors {
    function test_the_first_anchor_takes_an_empty_proof() external {
        bytes32[] memory proof = new bytes32[](1);
        _expectRefused(
            abi.encodeWithSelector(IAnchorRegistry.NotConsistent.selector, _logId, 0, bytes32(0), 5, _rootOf(5)), 5, _rootOf(5), proof
        );

        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.Anchored(_logId, 5, _rootOf(5), START);
        _anchor(5, _rootOf(5), _noProof);
        _expectLatest(5, START, _rootOf(5));
        expectUint(_registry.anchorsOf(_logId), 1, "anchors");
        expect(_registry.isAnchored(_logId, 5, START, _rootOf(5)), "the head is anchored");
    }

    function test_an_empty_log_is_not_anchored() external {
        bytes32 empty = sha256("");
        _expectRefused(abi.encodeWithSelector(IAnchorRegistry.Stale.selector, _logId, 0, empty, 0, bytes32(0)), 0, empty, _noProof);
    }

    function test_heads_of_one_history_follow_each_other() external {
        uint64[9] memory sizes = [uint64(1), 2, 3, 7, 8, 13, 32, 33, 64];
        for (uint256 i = 0; i < sizes.length; ++i) {
            uint64 time = START + uint64(i) * 60;
            vm.warp(time);
            bytes32[] memory proof = i == 0 ? _noProof : _proofBetween(sizes[i - 1], sizes[i]);
            vm.expectEmit(address(_registry));
            emit IAnchorRegistry.Anchored(_logId, sizes[i], _rootOf(sizes[i]), time);
            _anchor(sizes[i], _rootOf(sizes[i]), proof);
            _expectLatest(sizes[i], time, _rootOf(sizes[i]));
        }
        for (uint256 i = 0; i < sizes.length; ++i) {
            uint64 time = START + uint64(i) * 60;
            bytes32 root = _rootOf(sizes[i]);
            expect(_registry.isAnchored(_logId, sizes[i], time, root), "every head is kept");
            expect(!_registry.isAnchored(_logId, sizes[i] + 1, time, root), "not with another size");
            expect(!_registry.isAnchored(_logId, sizes[i], time + 1, root), "not with a later time");
            expect(!_registry.isAnchored(_logId, sizes[i], time - 1, root), "not with an earlier time");
            expect(!_registry.isAnchored(_logId, sizes[i], time | (1 << 40), root), "not with a time beyond 40 bits");
            for (uint256 bit = 0; bit < 256; ++bit) {
                expect(!_registry.isAnchored(_logId, sizes[i], time, root ^ bytes32(1 << bit)), "not with another root");
            }
        }
    }

    function testFuzz_any_two_growing_sizes_are_accepted(uint256 any1, uint256 any2) external {
        uint64 size2 = uint64(between(any2, 2, 64));
        uint64 size1 = uint64(between(any1, 1, size2 - 1));
        _anchor(size1, _rootOf(size1), _noProof);
        _anchor(size2, _rootOf(size2), _proofBetween(size1, size2));
        _expectLatest(size2, START, _rootOf(size2));
        expect(_registry.isAnchored(_logId, size1, START, _rootOf(size1)), "the first of one block");
        expect(_registry.isAnchored(_logId, size2, START, _rootOf(size2)), "the second of one block");
    }

    function test_a_size_that_does_not_grow_is_stale() external {
        _anchor(13, _rootOf(13), _noProof);
        bytes32 root = _rootOf(13);

        // The very same head: what a transaction that was included twice looks like.
        _expectRefused(abi.encodeWithSelector(IAnchorRegistry.Stale.selector, _logId, 13, root, 13, root), 13, root, _noProof);
        // The same size with another root.
        _expectRefused(abi.encodeWithSelector(IAnchorRegistry.Stale.selector, _logId, 13, ~root, 13, root), 13, ~root, _noProof);
        // A smaller tree of the same history.
        _expectRefused(abi.encodeWithSelector(IAnchorRegistry.Stale.selector, _logId, 12, _rootOf(12), 13, root), 12, _rootOf(12), _noProof);
        _expectLatest(13, START, root);
        expectUint(_registry.anchorsOf(_logId), 1, "anchors");
    }

    function test_a_fork_is_refused_and_changes_nothing() external {
        bytes32 root = _rootOf(13);
        _anchor(13, root, _noProof);
        _leaves[4] = keccak256("another entry");
        bytes32 forkedRoot = _rootOf(20);
        bytes32[] memory forkedProof = _proofBetween(13, 20);
        _expectRefused(
            abi.encodeWithSelector(IAnchorRegistry.NotConsistent.selector, _logId, 13, root, 20, forkedRoot), 20, forkedRoot, forkedProof
        );
        _expectLatest(13, START, root);
        expect(!_registry.isAnchored(_logId, 20, START, forkedRoot), "the fork is not anchored");
    }

    function test_a_root_without_a_proof_is_refused() external {
        _anchor(13, _rootOf(13), _noProof);
        _expectRefused(
            abi.encodeWithSelector(IAnchorRegistry.NotConsistent.selector, _logId, 13, _rootOf(13), 20, _rootOf(20)),
            20,
            _rootOf(20),
            _noProof
        );
    }

    function test_every_consistency_vector_that_grows_gets_its_verdict_as_an_anchor() external {
        string[] memory files = _filesOf("merkle/consistency");
        uint256 accepted;
        uint256 refused;
        for (uint256 file = 0; file < files.length; ++file) {
            ConsistencyCase[] memory cases = _consistencyCases(files[file]);
            for (uint256 i = 0; i < cases.length; ++i) {
                ConsistencyCase memory one = cases[i];
                if (one.size1 == 0 || one.size2 <= one.size1) continue;
                vm.prank(OPERATOR);
                _logId = _registry.open(keccak256(abi.encode(file, i)));
                _anchor(one.size1, one.root1, _noProof);
                if (!one.valid) {
                    vm.expectRevert(
                        abi.encodeWithSelector(IAnchorRegistry.NotConsistent.selector, _logId, one.size1, one.root1, one.size2, one.root2)
                    );
                }
                _anchor(one.size2, one.root2, one.proof);
                one.valid ? ++accepted : ++refused;
            }
        }
        expect(accepted >= 200 && refused >= 600, "the vectors are all there");
    }

    function test_one_log_does_not_touch_another() external {
        _anchor(13, _rootOf(13), _noProof);
        address other = address(0xbeef);
        bytes32 root = ~_rootOf(5);
        vm.prank(other);
        bytes32 otherId = _registry.open(ORIGIN_HASH);
        vm.prank(other);
        _registry.anchor(otherId, 5, root, _noProof);
        _expectLatest(13, START, _rootOf(13));
        expect(!_registry.isAnchored(_logId, 5, START, root), "the other's head is not ours");
        expect(!_registry.isAnchored(otherId, 13, START, _rootOf(13)), "and ours not the other's");
    }

    function test_an_anchor_writes_three_words() external {
        _anchor(13, _rootOf(13), _noProof);
        bytes32[] memory proof = _proofBetween(13, 20);
        vm.record();
        _anchor(20, _rootOf(20), proof);
        (, bytes32[] memory writes) = vm.accesses(address(_registry));
        expectUint(writes.length, 3, "the head, its root, and one place of the ring");
    }

    function test_inclusion_is_verified_under_any_anchored_head() external {
        _anchor(13, _rootOf(13), _noProof);
        vm.warp(START + 600);
        _anchor(20, _rootOf(20), _proofBetween(13, 20));
        for (uint64 index = 0; index < 13; ++index) {
            bytes memory entry = abi.encode("entry", index);
            bytes32[] memory old = ReferenceTree.path(index, _leaves, 0, 13);
            bytes32[] memory new_ = ReferenceTree.path(index, _leaves, 0, 20);
            expect(_isIncluded(13, START, index, entry, old), "under the first head");
            expect(_isIncluded(20, START + 600, index, entry, new_), "under the second");
            expect(!_isIncluded(13, START + 600, index, entry, old), "not under a head that was not anchored then");
            expect(!_isIncluded(20, START + 600, index, entry, old), "not with the path of another head");
            expect(!_isIncluded(13, START, index + 1, entry, old), "not at another index");
            expect(!_isIncluded(13, START, index, bytes.concat(entry, hex"00"), old), "not with a byte too many");
        }
    }

    function test_every_flipped_bit_of_an_entry_is_refused() external {
        _anchor(20, _rootOf(20), _noProof);
        bytes memory entry = abi.encode("entry", 17);
        bytes32[] memory proof = ReferenceTree.path(17, _leaves, 0, 20);
        expect(_isIncluded(20, START, 17, entry, proof), "the entry is good before the flips");
        for (uint256 bit = 0; bit < entry.length * 8; ++bit) {
            entry[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
            expect(!_isIncluded(20, START, 17, entry, proof), "a bit of the entry");
            entry[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        }
    }

    function _isIncluded(uint64 size, uint64 time, uint64 index, bytes memory entry, bytes32[] memory proof) private view returns (bool) {
        return _registry.verifyInclusion(_logId, size, time, _rootOf(size), index, entry, proof);
    }
}

contract AnchorRegistryRingTest is RegistryCheck, EqualLog {
    bytes private constant ENTRY = "the same again";

    function setUp() public override {
        super.setUp();
        _fillEqualLog(ENTRY);
    }

    /// @notice Anchors size + 1 at the present time of the block.
    function _anchorNext(uint64 size) private {
        _anchor(size + 1, _rootOf(size + 1), size == 0 ? _noProof : _proofBetween(size, size + 1));
    }

    function _isKept(uint64 size, uint64 time) private view returns (bool) {
        return _registry.isAnchored(_logId, size, time, _rootOf(size));
    }

    function test_the_ring_keeps_the_last_512_heads() external {
        expectUint(_registry.ringSize(), 512, "ring size");
        // Two hours apart, 512 anchors span more than 42 days: the challenge time is long over.
        for (uint64 size = 0; size < 700; ++size) {
            vm.warp(START + size * 2 hours);
            _anchorNext(size);
        }
        expectUint(_registry.anchorsOf(_logId), 700, "anchors");
        for (uint64 size = 1; size <= 700; ++size) {
            expect(_isKept(size, START + (size - 1) * 2 hours) == (size > 188), "the last 512 and no others");
        }
    }

    function test_no_commitment_is_overwritten_within_the_challenge_time() external {
        for (uint64 size = 0; size < 512; ++size) {
            vm.warp(START + size);
            _anchorNext(size);
        }
        bytes32[] memory proof = _proofBetween(512, 513);
        bytes memory full = abi.encodeWithSelector(IAnchorRegistry.RingFull.selector, _logId, START, START + CHALLENGE_TIME);
        _expectRefused(full, 513, _rootOf(513), proof);
        vm.warp(START + CHALLENGE_TIME - 1);
        _expectRefused(full, 513, _rootOf(513), proof);
        expect(_isKept(1, START), "the oldest is kept to the last second");

        vm.warp(START + CHALLENGE_TIME);
        _anchor(513, _rootOf(513), proof);
        expect(!_isKept(1, START), "then its place is taken");
        expect(_isKept(2, START + 1) && _isKept(512, START + 511) && _isKept(513, START + CHALLENGE_TIME), "the others stay");

        // The next oldest is a second younger.
        full = abi.encodeWithSelector(IAnchorRegistry.RingFull.selector, _logId, START + 1, START + 1 + CHALLENGE_TIME);
        _expectRefused(full, 514, _rootOf(514), _proofBetween(513, 514));
    }

    function test_a_full_ring_of_one_second_is_searched_to_its_end() external {
        for (uint64 size = 0; size < 512; ++size) {
            _anchorNext(size);
        }
        for (uint64 size = 1; size <= 512; ++size) {
            expect(_isKept(size, START), "found among equals");
        }
        expect(!_registry.isAnchored(_logId, 513, START, _rootOf(513)), "what is not there is not found");
    }

    function test_a_head_is_found_or_not_in_a_dozen_reads() external {
        for (uint64 size = 0; size < 512; ++size) {
            vm.warp(START + size);
            _anchorNext(size);
        }
        bytes32 root = _rootOf(200);
        for (uint64 time = START + 195; time < START + 205; ++time) {
            vm.record();
            expect(_registry.isAnchored(_logId, 200, time, root) == (time == START + 199), "found at its time only");
            (bytes32[] memory reads,) = vm.accesses(address(_registry));
            expect(reads.length <= 12, "the head, nine or ten halvings, and the place found");
        }
    }

    function test_without_a_challenge_time_the_ring_is_plain() external {
        _registry = new AnchorRegistry(0);
        vm.prank(OPERATOR);
        _logId = _registry.open(ORIGIN_HASH);
        for (uint64 size = 0; size < 600; ++size) {
            _anchorNext(size);
        }
        for (uint64 size = 1; size <= 600; ++size) {
            expect(_isKept(size, START) == (size > 88), "the last 512");
        }
    }

    function test_inclusion_holds_for_as_long_as_the_head_is_kept() external {
        for (uint64 size = 0; size < 512; ++size) {
            vm.warp(START + size);
            _anchorNext(size);
        }
        bytes32[] memory proof = _pathTo(0, 1);
        expect(_registry.verifyInclusion(_logId, 1, START, _rootOf(1), 0, ENTRY, proof), "while it is kept");
        vm.warp(START + CHALLENGE_TIME);
        _anchorNext(512);
        expect(!_registry.verifyInclusion(_logId, 1, START, _rootOf(1), 0, ENTRY, proof), "not after");
        proof = _pathTo(0, 2);
        expect(_registry.verifyInclusion(_logId, 2, START + 1, _rootOf(2), 0, ENTRY, proof), "the next one still");
    }

    /// @notice Whatever the pauses between anchors, a head is found for the whole challenge time, and the contract refuses rather than
    /// forget it.
    /// forge-config: default.fuzz.runs = 8
    function testFuzz_a_head_is_found_for_the_whole_challenge_time(bytes32 seed, uint32 pauseMax) external {
        uint64[] memory times = new uint64[](620);
        uint64 time = START;
        uint64 size;
        for (uint256 i = 0; i < times.length; ++i) {
            time += uint64(uint256(keccak256(abi.encode(seed, i))) % (uint256(pauseMax % 4 hours) + 1));
            vm.warp(time);
            if (size >= 512 && time < times[size - 512] + CHALLENGE_TIME) {
                bytes32[] memory proof = _proofBetween(size, size + 1);
                uint64 oldest = times[size - 512];
                _expectRefused(
                    abi.encodeWithSelector(IAnchorRegistry.RingFull.selector, _logId, oldest, oldest + CHALLENGE_TIME),
                    size + 1,
                    _rootOf(size + 1),
                    proof
                );
            } else {
                times[size] = time;
                _anchorNext(size++);
            }
        }
        for (uint64 n = 1; n <= size; ++n) {
            bool kept = _isKept(n, times[n - 1]);
            expect(kept == (n + 512 > size), "exactly the last 512 are found");
            expect(kept || times[n - 1] + CHALLENGE_TIME <= time, "and what is not is past its challenge time");
        }
    }
}

contract AnchorRegistryOperatorTest is HistoryCheck {
    function test_a_log_opened_for_a_hub_has_the_openers_id_and_is_anchored_by_the_hub() external {
        bytes32 originHash = keccak256("kedge.example/street/2");
        bytes32 logId = _registry.logIdOf(OPERATOR, originHash);
        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.Opened(logId, OPERATOR, originHash);
        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.OperatorChanged(logId, OPERATOR, HUB);
        vm.prank(OPERATOR);
        expectBytes32(_registry.openFor(originHash, HUB), logId, "the opener's id");
        expect(_registry.operatorOf(logId) == HUB, "the hub is the operator");

        _expectRefusedBy(
            OPERATOR, _anchorInput(logId, 0, 5), abi.encodeWithSelector(IAnchorRegistry.NotOperator.selector, logId, OPERATOR, HUB)
        );
        _callAs(HUB, _anchorInput(logId, 0, 5));
        expect(_registry.isAnchored(logId, 5, START, _rootOf(5)), "by the hub");
    }

    function test_a_log_opened_for_oneself_is_as_one_opened() external {
        vm.recordLogs();
        vm.prank(STRANGER);
        bytes32 logId = _registry.openFor(ORIGIN_HASH, STRANGER);
        expectUint(vm.getRecordedLogs().length, 1, "Opened alone");
        expect(_registry.operatorOf(logId) == STRANGER, "who opened it");
    }

    function test_no_log_is_opened_for_nobody_or_a_second_time() external {
        bytes32 originHash = keccak256("kedge.example/street/2");
        bytes32 logId = _registry.logIdOf(OPERATOR, originHash);
        bytes memory toNobody = abi.encodeWithSelector(IAnchorRegistry.OperatorRefused.selector, logId, address(0));
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.openFor, (originHash, address(0))), toNobody);
        bytes memory again = abi.encodeWithSelector(IAnchorRegistry.AlreadyOpen.selector, _logId);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.openFor, (ORIGIN_HASH, HUB)), again);
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.openFor, (originHash, HUB)));
        again = abi.encodeWithSelector(IAnchorRegistry.AlreadyOpen.selector, logId);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.open, (originHash)), again);
    }

    function testFuzz_nobody_takes_the_id_of_anothers_log(address squatter, bytes32 originHash, address operator) external {
        vm.assume(squatter != OPERATOR && operator != address(0));
        bytes32 logId = _registry.logIdOf(OPERATOR, originHash);
        vm.prank(squatter);
        expect(_registry.openFor(originHash, operator) != logId, "an id of its own");
        expect(_registry.operatorOf(logId) == (originHash == ORIGIN_HASH ? OPERATOR : address(0)), "the other is as it was");
    }

    function test_a_log_is_handed_on_in_two_steps_and_keeps_its_id_and_heads() external {
        _anchor(13, _rootOf(13), _noProof);
        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.OperatorProposed(_logId, OPERATOR, HUB);
        vm.prank(OPERATOR);
        _registry.proposeOperator(_logId, HUB);
        expect(_registry.proposedOperatorOf(_logId) == HUB, "the hub is proposed");
        expect(_registry.operatorOf(_logId) == OPERATOR, "and nothing has changed");

        // Until it is accepted the one anchors and the other does not.
        bytes memory notYet = abi.encodeWithSelector(IAnchorRegistry.NotOperator.selector, _logId, HUB, OPERATOR);
        _expectRefusedBy(HUB, _anchorInput(_logId, 13, 20), notYet);
        _callAs(OPERATOR, _anchorInput(_logId, 13, 20));

        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.OperatorChanged(_logId, OPERATOR, HUB);
        vm.prank(HUB);
        _registry.acceptOperator(_logId);
        expect(_registry.operatorOf(_logId) == HUB && _registry.proposedOperatorOf(_logId) == address(0), "the hub has it");
        _expectLatest(20, START, _rootOf(20));
        expect(_registry.isAnchored(_logId, 13, START, _rootOf(13)), "every head is kept");
        expectBytes32(_registry.logIdOf(OPERATOR, ORIGIN_HASH), _logId, "the id is the opener's for ever");

        // From then on the other way round; and the history goes on where it was.
        bytes memory noMore = abi.encodeWithSelector(IAnchorRegistry.NotOperator.selector, _logId, OPERATOR, HUB);
        _expectRefusedBy(OPERATOR, _anchorInput(_logId, 20, 33), noMore);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, OPERATOR)), noMore);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.withdrawProposal, (_logId)), noMore);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.close, (_logId, bytes32(0))), noMore);
        bytes memory forked = abi.encodeWithSelector(IAnchorRegistry.NotConsistent.selector, _logId, 20, _rootOf(20), 33, _rootOf(33));
        _expectRefusedBy(HUB, abi.encodeCall(IAnchorRegistry.anchor, (_logId, 33, _rootOf(33), _noProof)), forked);
        _callAs(HUB, _anchorInput(_logId, 20, 33));
    }

    function test_a_proposal_is_taken_back_or_replaced() external {
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, HUB)));
        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.ProposalWithdrawn(_logId, OPERATOR, HUB);
        vm.prank(OPERATOR);
        _registry.withdrawProposal(_logId);
        bytes memory nobody = abi.encodeWithSelector(IAnchorRegistry.NotProposed.selector, _logId, HUB, address(0));
        _expectRefusedBy(HUB, abi.encodeCall(IAnchorRegistry.acceptOperator, (_logId)), nobody);
        bytes memory none = abi.encodeWithSelector(IAnchorRegistry.NotProposed.selector, _logId, OPERATOR, address(0));
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.withdrawProposal, (_logId)), none);

        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, HUB)));
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, STRANGER)));
        bytes memory another = abi.encodeWithSelector(IAnchorRegistry.NotProposed.selector, _logId, HUB, STRANGER);
        _expectRefusedBy(HUB, abi.encodeCall(IAnchorRegistry.acceptOperator, (_logId)), another);
        _callAs(STRANGER, abi.encodeCall(IAnchorRegistry.acceptOperator, (_logId)));
        expect(_registry.operatorOf(_logId) == STRANGER, "the newest one counts");
    }

    function test_who_takes_back_too_late_is_told_so() external {
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, HUB)));
        _callAs(HUB, abi.encodeCall(IAnchorRegistry.acceptOperator, (_logId)));
        bytes memory late = abi.encodeWithSelector(IAnchorRegistry.NotOperator.selector, _logId, OPERATOR, HUB);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.withdrawProposal, (_logId)), late);
        bytes memory twice = abi.encodeWithSelector(IAnchorRegistry.NotProposed.selector, _logId, HUB, address(0));
        _expectRefusedBy(HUB, abi.encodeCall(IAnchorRegistry.acceptOperator, (_logId)), twice);
    }

    function test_nobody_and_the_operator_itself_are_not_proposed() external {
        bytes memory toNobody = abi.encodeWithSelector(IAnchorRegistry.OperatorRefused.selector, _logId, address(0));
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, address(0))), toNobody);
        bytes memory toItself = abi.encodeWithSelector(IAnchorRegistry.OperatorRefused.selector, _logId, OPERATOR);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, OPERATOR)), toItself);
    }

    function test_a_simulated_call_of_the_zero_address_takes_nothing_over() external {
        bytes32 unknown = keccak256("nobody's");
        bytes memory nobody = abi.encodeWithSelector(IAnchorRegistry.NotProposed.selector, _logId, address(0), address(0));
        _expectRefusedBy(address(0), abi.encodeCall(IAnchorRegistry.acceptOperator, (_logId)), nobody);
        nobody = abi.encodeWithSelector(IAnchorRegistry.NotProposed.selector, unknown, address(0), address(0));
        _expectRefusedBy(address(0), abi.encodeCall(IAnchorRegistry.acceptOperator, (unknown)), nobody);
    }

    function test_of_an_unknown_log_nobody_decides_anything() external {
        bytes32 logId = keccak256("nobody's");
        bytes memory unknown = abi.encodeWithSelector(IAnchorRegistry.UnknownLog.selector, logId);
        address[2] memory callers = [OPERATOR, address(0)];
        for (uint256 i = 0; i < callers.length; ++i) {
            _expectRefusedBy(callers[i], abi.encodeCall(IAnchorRegistry.proposeOperator, (logId, HUB)), unknown);
            _expectRefusedBy(callers[i], abi.encodeCall(IAnchorRegistry.withdrawProposal, (logId)), unknown);
            _expectRefusedBy(callers[i], abi.encodeCall(IAnchorRegistry.close, (logId, bytes32(0))), unknown);
        }
        expect(_registry.proposedOperatorOf(logId) == address(0) && !_registry.isClosed(logId), "it is as if it were not there");
        expectBytes32(_registry.successorOf(logId), 0, "no successor");
    }

    function testFuzz_a_stranger_decides_nothing(address stranger, address proposed, bytes32 successor) external {
        vm.assume(stranger != OPERATOR);
        bytes memory refused = abi.encodeWithSelector(IAnchorRegistry.NotOperator.selector, _logId, stranger, OPERATOR);
        _expectRefusedBy(stranger, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, proposed)), refused);
        _expectRefusedBy(stranger, abi.encodeCall(IAnchorRegistry.withdrawProposal, (_logId)), refused);
        _expectRefusedBy(stranger, abi.encodeCall(IAnchorRegistry.close, (_logId, successor)), refused);
    }
}

contract AnchorRegistryCloseTest is HistoryCheck {
    function test_a_closed_log_takes_nothing_more_and_can_be_proved_against() external {
        _anchor(13, _rootOf(13), _noProof);
        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.Closed(_logId, 0, 13, _rootOf(13));
        vm.prank(OPERATOR);
        _registry.close(_logId, 0);
        expect(_registry.isClosed(_logId), "it is closed");
        expectBytes32(_registry.successorOf(_logId), 0, "and has no successor");
        expect(_registry.operatorOf(_logId) == OPERATOR, "whose it was it is");

        bytes memory closed = abi.encodeWithSelector(IAnchorRegistry.LogClosed.selector, _logId, bytes32(0));
        _expectRefusedBy(OPERATOR, _anchorInput(_logId, 13, 20), closed);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.close, (_logId, bytes32(0))), closed);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, HUB)), closed);
        // Whoever sent the last head twice learns that it is there.
        bytes memory stale = abi.encodeWithSelector(IAnchorRegistry.Stale.selector, _logId, 13, _rootOf(13), 13, _rootOf(13));
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.anchor, (_logId, 13, _rootOf(13), _noProof)), stale);

        _expectLatest(13, START, _rootOf(13));
        bytes32[] memory path = ReferenceTree.path(4, _leaves, 0, 13);
        expect(_registry.verifyInclusion(_logId, 13, START, _rootOf(13), 4, abi.encode("entry", 4), path), "an entry is shown");
    }

    function test_a_closed_log_names_the_one_that_goes_on() external {
        bytes32 next = _open(OPERATOR, "epoch 2");
        vm.expectEmit(address(_registry));
        emit IAnchorRegistry.Closed(_logId, next, 0, 0);
        vm.prank(OPERATOR);
        _registry.close(_logId, next);
        expectBytes32(_registry.successorOf(_logId), next, "the successor");
        bytes memory closed = abi.encodeWithSelector(IAnchorRegistry.LogClosed.selector, _logId, next);
        _expectRefusedBy(OPERATOR, _anchorInput(_logId, 0, 5), closed);
        _callAs(OPERATOR, _anchorInput(next, 0, 5));
    }

    function test_only_another_open_log_of_the_operator_goes_on() external {
        bytes32 unknown = keccak256("nobody's");
        _expectNoSuccessor(unknown, address(0), false);
        _expectNoSuccessor(_logId, OPERATOR, false);
        _expectNoSuccessor(_open(HUB, "epoch 2"), HUB, false);
        bytes32 closed = _open(OPERATOR, "epoch 3");
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.close, (closed, bytes32(0))));
        _expectNoSuccessor(closed, OPERATOR, true);
        expect(!_registry.isClosed(_logId), "it is open still");

        // One that was opened by another, and handed to the operator, will do: whose id it is the reader sees.
        vm.prank(STRANGER);
        bytes32 handed = _registry.openFor("epoch 4", OPERATOR);
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.close, (_logId, handed)));
    }

    function _expectNoSuccessor(bytes32 successor, address successorOperator, bool isSuccessorClosed) private {
        bytes memory refused =
            abi.encodeWithSelector(IAnchorRegistry.SuccessorRefused.selector, _logId, successor, successorOperator, isSuccessorClosed);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.close, (_logId, successor)), refused);
    }

    function test_epochs_never_lead_back() external {
        bytes32 second = _open(OPERATOR, "epoch 2");
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.close, (_logId, second)));
        bytes memory refused = abi.encodeWithSelector(IAnchorRegistry.SuccessorRefused.selector, second, _logId, OPERATOR, true);
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.close, (second, _logId)), refused);
    }

    function test_with_the_end_a_proposal_falls() external {
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.proposeOperator, (_logId, HUB)));
        _callAs(OPERATOR, abi.encodeCall(IAnchorRegistry.close, (_logId, bytes32(0))));
        bytes memory nobody = abi.encodeWithSelector(IAnchorRegistry.NotProposed.selector, _logId, HUB, address(0));
        _expectRefusedBy(HUB, abi.encodeCall(IAnchorRegistry.acceptOperator, (_logId)), nobody);
        bytes memory none = abi.encodeWithSelector(IAnchorRegistry.NotProposed.selector, _logId, OPERATOR, address(0));
        _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.withdrawProposal, (_logId)), none);
    }
}

contract AnchorRegistryBatchTest is HistoryCheck {
    bytes32[] private _ids;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 10; ++i) {
            vm.prank(OPERATOR);
            _ids.push(_registry.openFor(keccak256(abi.encode("site", i)), HUB));
        }
    }

    function _batch(uint64 from, uint64 size) private view returns (HeadToAnchor[] memory heads) {
        heads = new HeadToAnchor[](_ids.length);
        for (uint256 i = 0; i < heads.length; ++i) {
            heads[i] = HeadToAnchor(_ids[i], size, _rootOf(size), _proofBetween(from, size));
        }
    }

    function _anchorMany(HeadToAnchor[] memory heads) private returns (uint256 anchored) {
        vm.prank(HUB);
        return _registry.anchorMany(heads);
    }

    function _expectBatchRefused(HeadToAnchor[] memory heads, bytes memory revertData) private {
        _expectRefusedBy(HUB, abi.encodeCall(IAnchorRegistry.anchorMany, (heads)), revertData);
    }

    function test_a_hub_anchors_many_logs_at_once() external {
        expectUint(_anchorMany(_batch(0, 5)), 10, "the first heads");
        HeadToAnchor[] memory heads = _batch(5, 21);
        for (uint256 i = 0; i < heads.length; ++i) {
            vm.expectEmit(address(_registry));
            emit IAnchorRegistry.Anchored(_ids[i], 21, heads[i].root, START);
        }
        expectUint(_anchorMany(heads), 10, "the next heads");
        for (uint256 i = 0; i < heads.length; ++i) {
            expect(_registry.isAnchored(_ids[i], 5, START, _rootOf(5)), "the first");
            expect(_registry.isAnchored(_ids[i], 21, START, _rootOf(21)), "the second");
        }
    }

    function test_a_batch_sent_again_changes_nothing() external {
        HeadToAnchor[] memory heads = _batch(0, 21);
        _anchorMany(heads);
        vm.warp(START + 60);
        vm.recordLogs();
        vm.record();
        expectUint(_anchorMany(heads), 0, "all are passed over");
        (, bytes32[] memory writes) = vm.accesses(address(_registry));
        expectUint(writes.length, 0, "no word is written");
        expectUint(vm.getRecordedLogs().length, 0, "no event");
    }

    function test_what_is_anchored_already_is_passed_over_and_the_rest_taken() external {
        _anchorMany(_batch(0, 5));
        HeadToAnchor[] memory heads = _batch(5, 21);
        _callAs(HUB, _anchorInput(_ids[3], 5, 21));
        vm.warp(START + 60);
        expectUint(_anchorMany(heads), 9, "the others");
        expect(_registry.isAnchored(_ids[3], 21, START, _rootOf(21)), "it keeps its time");
        expectUint(_registry.anchorsOf(_ids[3]), 2, "and is not anchored twice");
        expect(_registry.isAnchored(_ids[4], 21, START + 60, _rootOf(21)), "the others have theirs");
    }

    function test_a_batch_is_all_or_nothing() external {
        _anchorMany(_batch(0, 5));
        HeadToAnchor[] memory heads = _batch(5, 21);
        heads[9].consistencyProof[2] ^= bytes32(uint256(1));
        bytes32 snapshot = _headsHash();
        _expectBatchRefused(heads, abi.encodeWithSelector(IAnchorRegistry.NotConsistent.selector, _ids[9], 5, _rootOf(5), 21, _rootOf(21)));
        expectBytes32(_headsHash(), snapshot, "nothing has changed");

        heads = _batch(5, 21);
        heads[4] = HeadToAnchor(_logId, 21, _rootOf(21), _noProof);
        _expectBatchRefused(heads, abi.encodeWithSelector(IAnchorRegistry.NotOperator.selector, _logId, HUB, OPERATOR));
        expectBytes32(_headsHash(), snapshot, "nothing has changed");
    }

    function _headsHash() private view returns (bytes32 hash) {
        for (uint256 i = 0; i < _ids.length; ++i) {
            (uint64 size, uint64 time, bytes32 root) = _registry.latest(_ids[i]);
            hash = keccak256(abi.encode(hash, size, time, root, _registry.anchorsOf(_ids[i])));
        }
    }

    function test_only_the_very_head_is_passed_over() external {
        _anchorMany(_batch(0, 21));
        bytes32 logId = _ids[0];
        HeadToAnchor[] memory one = new HeadToAnchor[](1);
        one[0] = HeadToAnchor(logId, 21, ~_rootOf(21), _noProof);
        _expectBatchRefused(one, abi.encodeWithSelector(IAnchorRegistry.Stale.selector, logId, 21, ~_rootOf(21), 21, _rootOf(21)));
        one[0] = HeadToAnchor(logId, 20, _rootOf(21), _noProof);
        _expectBatchRefused(one, abi.encodeWithSelector(IAnchorRegistry.Stale.selector, logId, 20, _rootOf(21), 21, _rootOf(21)));
        one[0] = HeadToAnchor(logId, 20, _rootOf(20), _noProof);
        _expectBatchRefused(one, abi.encodeWithSelector(IAnchorRegistry.Stale.selector, logId, 20, _rootOf(20), 21, _rootOf(21)));
        // The head of an empty log is no head.
        bytes32 empty = _open(HUB, "empty");
        one[0] = HeadToAnchor(empty, 0, 0, _noProof);
        _expectBatchRefused(one, abi.encodeWithSelector(IAnchorRegistry.Stale.selector, empty, 0, bytes32(0), 0, bytes32(0)));
        // Passing over is for the operator too: a stranger learns nothing by it.
        one[0] = HeadToAnchor(logId, 21, _rootOf(21), _noProof);
        bytes memory input = abi.encodeCall(IAnchorRegistry.anchorMany, (one));
        _expectRefusedBy(STRANGER, input, abi.encodeWithSelector(IAnchorRegistry.NotOperator.selector, logId, STRANGER, HUB));
    }

    function test_a_log_may_be_in_a_batch_twice_with_growing_sizes() external {
        HeadToAnchor[] memory heads = new HeadToAnchor[](3);
        heads[0] = HeadToAnchor(_ids[0], 5, _rootOf(5), _noProof);
        heads[1] = HeadToAnchor(_ids[0], 21, _rootOf(21), _proofBetween(5, 21));
        heads[2] = heads[1];
        expectUint(_anchorMany(heads), 2, "the third is the second");
        (heads[0], heads[1]) = (heads[1], heads[0]);
        _expectBatchRefused(heads, abi.encodeWithSelector(IAnchorRegistry.Stale.selector, _ids[0], 5, _rootOf(5), 21, _rootOf(21)));
    }

    function test_the_head_of_a_closed_log_is_passed_over_and_no_other_is_taken() external {
        _anchorMany(_batch(0, 5));
        _callAs(HUB, abi.encodeCall(IAnchorRegistry.close, (_ids[2], bytes32(0))));
        expectUint(_anchorMany(_batch(0, 5)), 0, "all are there");
        _expectBatchRefused(_batch(5, 21), abi.encodeWithSelector(IAnchorRegistry.LogClosed.selector, _ids[2], bytes32(0)));
    }

    function test_a_batch_has_one_head_at_least_and_256_at_most() external {
        expectUint(_registry.batchLengthMax(), 256, "the limit is told");
        _expectBatchRefused(new HeadToAnchor[](0), abi.encodeWithSelector(IAnchorRegistry.BatchLengthRefused.selector, 0, 256));
        HeadToAnchor[] memory heads = new HeadToAnchor[](257);
        for (uint256 i = 0; i < heads.length; ++i) {
            heads[i] = HeadToAnchor(_open(HUB, keccak256(abi.encode("many", i))), 1, _rootOf(1), _noProof);
        }
        _expectBatchRefused(heads, abi.encodeWithSelector(IAnchorRegistry.BatchLengthRefused.selector, 257, 256));
        assembly ("memory-safe") {
            mstore(heads, 256)
        }
        expectUint(_anchorMany(heads), 256, "as many as allowed");
    }

    /// @notice A batch leaves what its heads leave one by one.
    function testFuzz_a_batch_is_its_heads_one_by_one(bytes32 seed) external {
        _anchorMany(_batch(0, 5));
        HeadToAnchor[] memory heads = new HeadToAnchor[](8);
        uint64[10] memory sizes;
        for (uint256 i = 0; i < heads.length; ++i) {
            uint256 any = uint256(keccak256(abi.encode(seed, i)));
            uint256 at = any % 10;
            uint64 from = sizes[at] == 0 ? 5 : sizes[at];
            // Now and then the head that is there already.
            uint64 size = from + uint64((any >> 8) % 8);
            heads[i] = HeadToAnchor(_ids[at], size, _rootOf(size), size == from ? _noProof : _proofBetween(from, size));
            sizes[at] = size;
        }
        uint256 before = vm.snapshotState();
        uint256 anchored = _anchorMany(heads);
        bytes32 together = _headsHash();
        expect(vm.revertToState(before), "back to before");
        for (uint256 i = 0; i < heads.length; ++i) {
            vm.prank(HUB);
            (bool answered,) = address(_registry)
                .call(abi.encodeCall(IAnchorRegistry.anchor, (heads[i].logId, heads[i].size, heads[i].root, heads[i].consistencyProof)));
            if (answered) --anchored;
        }
        expectUint(anchored, 0, "as many");
        expectBytes32(_headsHash(), together, "the same heads");
    }
}

contract AnchorRegistryProofTest is HistoryCheck, Vectors {
    bytes32 private _root21;

    function test_every_flipped_bit_of_a_consistency_proof_is_refused() external {
        _anchor(13, _rootOf(13), _noProof);
        bytes32 root = _rootOf(57);
        bytes32[] memory proof = _proofBetween(13, 57);
        bytes32 root13 = _rootOf(13);
        bytes memory refused = abi.encodeWithSelector(IAnchorRegistry.NotConsistent.selector, _logId, 13, root13, 57, root);
        for (uint256 bit = 0; bit < proof.length * 256; ++bit) {
            proof[bit / 256] ^= bytes32(1 << (bit % 256));
            _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.anchor, (_logId, 57, root, proof)), refused);
            proof[bit / 256] ^= bytes32(1 << (bit % 256));
        }
        for (uint256 bit = 0; bit < 256; ++bit) {
            bytes32 flipped = root ^ bytes32(1 << bit);
            refused = abi.encodeWithSelector(IAnchorRegistry.NotConsistent.selector, _logId, 13, root13, 57, flipped);
            _expectRefusedBy(OPERATOR, abi.encodeCall(IAnchorRegistry.anchor, (_logId, 57, flipped, proof)), refused);
        }
        _anchor(57, root, proof);
    }

    function test_a_head_that_is_not_kept_any_more_is_shown_by_one_that_is() external {
        _registry = new AnchorRegistry(0);
        _logId = _open(OPERATOR, ORIGIN_HASH);
        _anchor(5, _rootOf(5), _noProof);
        vm.warp(START + 60);
        _root21 = _rootOf(21);
        _anchor(21, _root21, _proofBetween(5, 21));
        // The ring is filled without 512 anchors: the place of the first head is given to something else.
        vm.store(address(_registry), bytes32(uint256(keccak256(abi.encode(_logId, 0))) + 2), bytes32(uint256(1 << 216)));
        expect(!_registry.isAnchored(_logId, 5, START, _rootOf(5)), "the first is forgotten");

        bytes32[] memory proof = _proofBetween(5, 21);
        expect(_shows(5, _rootOf(5), proof), "and shown by the second");
        expect(_shows(21, _rootOf(21), _noProof), "which shows itself");
        expect(!_shows(21, ~_rootOf(21), _noProof), "and no other of its size");
        expect(!_shows(5, _rootOf(5), _noProof), "not without a proof");
        expect(!_shows(0, 0, _noProof), "nothing is no head");
        expect(!_shows(22, _rootOf(22), _proofBetween(21, 22)), "a greater one is none of the past");
        expect(!_shows(6, _rootOf(6), proof), "not by the proof of another");
        expect(_shows(6, _rootOf(6), _proofBetween(6, 21)), "one that never was anchored is shown as well: the log had those entries");
        expect(!_registry.verifyConsistency(_logId, 21, START, _rootOf(21), 5, _rootOf(5), proof), "not by a head of another time");
        expect(!_registry.verifyConsistency(_logId, 5, START, _rootOf(5), 5, _rootOf(5), _noProof), "not by itself");
        expect(
            !_registry.verifyConsistency(bytes32(0), 21, START + 60, _rootOf(21), 5, _rootOf(5), proof), "not in a log that nobody opened"
        );

        bytes32 root5 = _rootOf(5);
        for (uint256 bit = 0; bit < proof.length * 256; ++bit) {
            proof[bit / 256] ^= bytes32(1 << (bit % 256));
            expect(!_shows(5, root5, proof), "a flipped bit of the proof");
            proof[bit / 256] ^= bytes32(1 << (bit % 256));
        }
        for (uint256 bit = 0; bit < 256; ++bit) {
            expect(!_shows(5, root5 ^ bytes32(1 << bit), proof), "a flipped bit of the root");
        }
    }

    function _shows(uint64 size1, bytes32 root1, bytes32[] memory proof) private view returns (bool) {
        return _registry.verifyConsistency(_logId, 21, START + 60, _root21, size1, root1, proof);
    }

    function testFuzz_any_size_of_the_past_is_shown_by_any_anchored_head(uint256 any1, uint256 any2, uint256 any) external {
        uint64 size2 = uint64(between(any2, 1, 64));
        uint64 size1 = uint64(between(any1, 1, size2));
        _anchor(size2, _rootOf(size2), _noProof);
        bytes32[] memory proof = _proofBetween(size1, size2);
        bytes32 root1 = _rootOf(size1);
        bytes32 root2 = _rootOf(size2);
        expect(_registry.verifyConsistency(_logId, size2, START, root2, size1, root1, proof), "it is shown");
        if (proof.length == 0) return;
        proof[any % proof.length] ^= bytes32(1 << ((any >> 128) % 256));
        expect(!_registry.verifyConsistency(_logId, size2, START, root2, size1, root1, proof), "and not with a flipped bit");
    }

    function test_every_consistency_vector_gets_its_verdict_under_an_anchored_head() external {
        string[] memory files = _filesOf("merkle/consistency");
        uint256 shown;
        for (uint256 file = 0; file < files.length; ++file) {
            ConsistencyCase[] memory cases = _consistencyCases(files[file]);
            for (uint256 i = 0; i < cases.length; ++i) {
                ConsistencyCase memory one = cases[i];
                if (one.size2 == 0) continue;
                _logId = _open(OPERATOR, keccak256(abi.encode(file, i)));
                _anchor(one.size2, one.root2, _noProof);
                bool verdict = _registry.verifyConsistency(_logId, one.size2, START, one.root2, one.size1, one.root1, one.proof);
                expect(verdict == one.valid, files[file]);
                if (verdict) ++shown;
            }
        }
        expect(shown >= 200, "the vectors are all there");
    }

    function test_a_size_beyond_56_bits_is_refused() external {
        uint64 most = type(uint56).max;
        bytes32 root = keccak256("any");
        _expectRefused(abi.encodeWithSelector(IAnchorRegistry.SizeTooLarge.selector, _logId, most + 1, most), most + 1, root, _noProof);
        _expectRefused(
            abi.encodeWithSelector(IAnchorRegistry.SizeTooLarge.selector, _logId, type(uint64).max, most), type(uint64).max, root, _noProof
        );
        _anchor(most, root, _noProof);
        _expectLatest(most, START, root);
        expectUint(_registry.anchorsOf(_logId), 1, "and nothing ran into its neighbour");
        expect(_registry.operatorOf(_logId) == OPERATOR && !_registry.isClosed(_logId), "on either side");
    }
}

contract AnchorRegistryEventsTest is RegistryCheck, EqualLog, RegistryBook {
    function setUp() public override {
        vm.recordLogs();
        super.setUp();
        _fillEqualLog("the same again");
    }

    function test_the_events_alone_give_every_word_of_the_state() external {
        address hub = address(0x4ab);
        bytes32 next;
        for (uint64 size = 0; size < 600; ++size) {
            vm.warp(START + size * 2 hours);
            bytes32 root = _rootOf(size + 1);
            bytes32[] memory proof = size == 0 ? _noProof : _proofBetween(size, size + 1);
            vm.prank(size < 300 ? OPERATOR : hub);
            _registry.anchor(_logId, size + 1, root, proof);
            if (size == 100) _propose(address(0xbad));
            if (size == 150) _withdraw();
            if (size == 200) _propose(address(0xbad));
            if (size == 250) _propose(hub);
            if (size == 299) _accept(hub);
            _registry.openFor(keccak256(abi.encode(size)), size % 2 == 0 ? hub : address(this));
        }
        vm.startPrank(hub);
        next = _registry.open("next");
        _registry.proposeOperator(_logId, OPERATOR);
        _registry.close(_logId, next);
        _registry.proposeOperator(next, OPERATOR);
        vm.stopPrank();
        _readEvents(address(_registry), vm.getRecordedLogs());
        expectUint(_opened.length, 602, "logs");
        expectUint(_told[_logId].anchors, 600, "anchors");
        _expectStored(address(_registry));
    }

    function _propose(address proposed) private {
        vm.prank(OPERATOR);
        _registry.proposeOperator(_logId, proposed);
    }

    function _withdraw() private {
        vm.prank(OPERATOR);
        _registry.withdrawProposal(_logId);
    }

    function _accept(address hub) private {
        vm.prank(hub);
        _registry.acceptOperator(_logId);
    }
}
