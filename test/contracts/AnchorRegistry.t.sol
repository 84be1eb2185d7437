// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {Check} from "./Check.sol";
import {EqualLog} from "./EqualLog.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
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

contract AnchorRegistryHistoryTest is RegistryCheck, Vectors {
    bytes32[] private _leaves;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 64; ++i) {
            _leaves.push(ReferenceTree.leaf(abi.encode("entry", i)));
        }
    }

    function _rootOf(uint64 size) private view returns (bytes32) {
        return ReferenceTree.mth(_leaves, 0, size);
    }

    function _proofBetween(uint64 size1, uint64 size2) private view returns (bytes32[] memory) {
        return ReferenceTree.subproof(size1, _leaves, 0, size2, true);
    }

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
