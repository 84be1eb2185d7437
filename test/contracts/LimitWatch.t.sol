// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {LimitWatch} from "../../contracts/examples/LimitWatch.sol";
import {RegistryCheck} from "./AnchorRegistry.t.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {EntryCase, Vectors} from "./Vectors.sol";

/// @notice The example contract against a log of the entries of test/vectors, whose first is a reading of 12,345,678.
contract LimitWatchTest is RegistryCheck, Vectors {
    address payable private constant BENEFICIARY = payable(address(0xbe4ef1c1a));

    EntryCase[] private _entries;
    bytes32[] private _leaves;
    bytes32 private _root;

    function setUp() public override {
        super.setUp();
        EntryCase[] memory cases = _entryCases();
        for (uint256 i = 0; i < 21; ++i) {
            _entries.push(cases[i]);
            _leaves.push(ReferenceTree.leaf(cases[i].entry));
        }
        _root = ReferenceTree.mth(_leaves, 0, _leaves.length);
        _anchor(uint64(_leaves.length), _root, _noProof);
    }

    function _watch(int64 limit, uint64 firstIndex) private returns (LimitWatch) {
        EntryCase memory one = _entries[0];
        LimitWatch.Watched memory what = LimitWatch.Watched(_logId, one.subject, one.quantity, one.exponent, limit, firstIndex);
        return new LimitWatch{value: 3 ether}(_registry, BENEFICIARY, what);
    }

    function _path(uint256 index) private view returns (bytes32[] memory) {
        return ReferenceTree.path(index, _leaves, 0, _leaves.length);
    }

    function _report(LimitWatch watch, uint64 index) private {
        watch.report(uint64(_leaves.length), START, _root, index, _entries[index].entry, _path(index));
    }

    /// @dev All is worked out before the expectation is set, else it would meet the SHA-256 precompile first.
    function _expectRefused(LimitWatch watch, bytes memory reason, uint64 index, bytes memory entry) private {
        bytes32[] memory path = _path(index);
        uint64 size = uint64(_leaves.length);
        bytes32 root = _root;
        vm.expectRevert(reason);
        watch.report(size, START, root, index, entry, path);
    }

    function test_a_reading_above_the_limit_is_recorded_and_pays_once() external {
        LimitWatch watch = _watch(12_345_677, 0);
        _report(watch, 0);
        expect(watch.reported(0) && watch.paid(), "it is recorded");
        expectUint(BENEFICIARY.balance, 3 ether, "the beneficiary has it all");
        _expectRefused(watch, abi.encodeWithSelector(LimitWatch.AlreadyReported.selector, 0), 0, _entries[0].entry);
    }

    function test_a_reading_at_the_limit_is_not_above_it() external {
        LimitWatch watch = _watch(12_345_678, 0);
        bytes memory reason = abi.encodeWithSelector(LimitWatch.NotAboveLimit.selector, int64(12_345_678), int64(12_345_678));
        _expectRefused(watch, reason, 0, _entries[0].entry);
        expectUint(BENEFICIARY.balance, 0, "nothing was paid");
    }

    function test_an_entry_from_before_the_agreement_does_not_count() external {
        _expectRefused(_watch(0, 1), abi.encodeWithSelector(LimitWatch.TooEarly.selector, 0, 1), 0, _entries[0].entry);
    }

    function test_an_entry_of_another_channel_does_not_count() external {
        _expectRefused(_watch(0, 0), abi.encodeWithSelector(LimitWatch.NotOfThisChannel.selector, 1), 1, _entries[1].entry);
    }

    function test_a_changed_reading_is_not_in_the_log() external {
        LimitWatch watch = _watch(0, 0);
        bytes memory reason = abi.encodeWithSelector(LimitWatch.NotInAnchoredLog.selector, 0);
        for (uint256 place = 0; place < 118; place += 9) {
            bytes memory bent = _entries[0].entry;
            bent[place] ^= 0x01;
            _expectRefused(watch, reason, 0, bent);
        }
    }

    function test_a_root_that_was_never_anchored_shows_nothing() external {
        LimitWatch watch = _watch(0, 0);
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = ReferenceTree.leaf(_entries[0].entry);
        bytes memory entry = _entries[0].entry;
        vm.expectRevert(abi.encodeWithSelector(LimitWatch.NotInAnchoredLog.selector, 0));
        watch.report(1, START, leaves[0], 0, entry, _noProof);
    }

    /// @notice A reading that the agent itself marks as doubtful, in a log of its own.
    function test_readings_that_are_marked_do_not_count() external {
        for (uint256 bit = 0; bit < 24; ++bit) {
            bytes memory entry = _entries[0].entry;
            entry[53] = bytes1(uint8((1 << bit) >> 16));
            entry[54] = bytes1(uint8((1 << bit) >> 8));
            entry[55] = bytes1(uint8(1 << bit));
            vm.prank(OPERATOR);
            bytes32 logId = _registry.open(keccak256(abi.encode(bit)));
            bytes32 root = ReferenceTree.leaf(entry);
            vm.prank(OPERATOR);
            _registry.anchor(logId, 1, root, _noProof);
            EntryCase memory one = _entries[0];
            LimitWatch watch =
                new LimitWatch(_registry, BENEFICIARY, LimitWatch.Watched(logId, one.subject, one.quantity, one.exponent, 0, 0));
            bool isUnusable = bit <= 2 || bit == 5 || bit == 8 || bit == 10 || bit == 11 || bit == 17;
            if (isUnusable) vm.expectRevert(abi.encodeWithSelector(LimitWatch.ReadingNotUsable.selector, 0, uint24(1 << bit)));
            watch.report(1, START, root, 0, entry, _noProof);
            expect(watch.reported(0) != isUnusable, "as the mark says");
        }
    }
}
