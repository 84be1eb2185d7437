// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {ProvenReading, ReadingStatus} from "../../contracts/IEnergyMarket.sol";
import {IMarketRules, MeterTerms, Tenure} from "../../contracts/IMarketRules.sol";
import {CrossingProof, EntryProof, MeterReading, ReadingProof} from "../../contracts/MeterReading.sol";
import {MarketWorld} from "./MarketWorld.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {TestToken} from "./TestToken.sol";

/// @notice MeterReading as a contract, so that tests can hand it calldata and see it revert.
contract MeterReadingHarness {
    function netExport(IAnchorRegistry registry, IMarketRules rules, bytes32 meter, uint64 slot, ReadingProof calldata proof)
        external
        view
        returns (ProvenReading memory)
    {
        return MeterReading.netExport(registry, rules, meter, slot, proof);
    }
}

/// @notice The energy of one slot from a log of eight entries, and everything that is no reading of it.
contract MeterReadingTest is MarketWorld {
    struct Draft {
        uint8 kind;
        uint8 version;
        bytes32 subject;
        uint16 quantity;
        int8 exponent;
        uint24 quality;
        int64 value;
        uint48 measuredAtMs;
        uint48 number;
        uint32 span;
    }

    bytes32 private constant METER = "meter of alice";
    uint64 private constant SLOT = FIRST_SLOT + 4;
    uint48 private constant BEGINS = uint48((uint256(FIRST_SLOT) + 4) * 900_000);
    uint48 private constant ENDS = BEGINS + 900_000;

    MeterReadingHarness private _harness;
    bytes32 private _logId;
    /// @dev Import at the beginning and at its end, export likewise; each an entry and its follower.
    Draft[8] private _drafts;

    function setUp() external {
        _build(address(new TestToken()));
        _harness = new MeterReadingHarness();
        _logId = _registry.open("log of alice");
        MeterTerms memory terms = _terms(METER);
        vm.prank(DSO);
        _rules.registerMeter(METER, terms, Tenure(address(0xa11ce), uint32(FIRST_SLOT), 2500, 15_000), _logId, true);
        vm.warp(START + 1 days);
        for (uint256 i = 0; i < 8; ++i) {
            bool isExport = i >= 4;
            bool isBehind = i % 2 == 1;
            uint48 moment = i % 4 < 2 ? BEGINS : ENDS;
            _drafts[i] = Draft({
                kind: 1,
                version: 1,
                subject: isExport ? terms.exportSubject : terms.importSubject,
                quantity: isExport ? 2 : 1,
                exponent: -3,
                quality: 0,
                // Import from 10,000.9 to 10,425.1 Wh, export from 500.2 to 1,100.9 Wh.
                value: [int64(10_000_900), 10_001_000, 10_425_100, 10_425_200, 500_200, 500_300, 1_100_900, 1_101_000][i],
                measuredAtMs: isBehind ? moment + 30_000 : moment - 30_000,
                number: uint48(100 + 50 * (i / 2) + (isBehind ? 1 : 0)),
                span: 0
            });
        }
    }

    function _bytesOf(Draft memory one) private pure returns (bytes memory) {
        bytes memory head = abi.encodePacked(one.kind, one.version, bytes16("salt"), one.subject, one.quantity, one.exponent);
        return bytes.concat(
            head, abi.encodePacked(one.quality, one.value, one.measuredAtMs, one.measuredAtMs + 5, one.number, one.span, bytes32("source"))
        );
    }

    /// @dev A log of these entries and nothing else, anchored now.
    function _proofOf(bytes32 logId) private returns (ReadingProof memory proof) {
        bytes32[] memory leaves = new bytes32[](8);
        bytes[8] memory entries;
        for (uint256 i = 0; i < 8; ++i) {
            entries[i] = _bytesOf(_drafts[i]);
            leaves[i] = ReferenceTree.leaf(entries[i]);
        }
        bytes32 root = ReferenceTree.mth(leaves, 0, 8);
        bytes32[] memory none;
        _registry.anchor(logId, 8, root, none);
        EntryProof[8] memory proofs;
        for (uint256 i = 0; i < 8; ++i) {
            proofs[i] = EntryProof(logId, 8, uint64(block.timestamp), root, uint64(i), entries[i], ReferenceTree.path(i, leaves, 0, 8));
        }
        proof.importStart = CrossingProof(proofs[0], proofs[1]);
        proof.importEnd = CrossingProof(proofs[2], proofs[3]);
        proof.exportStart = CrossingProof(proofs[4], proofs[5]);
        proof.exportEnd = CrossingProof(proofs[6], proofs[7]);
    }

    function _read(ReadingProof memory proof) private view returns (ProvenReading memory) {
        return _harness.netExport(_registry, _rules, METER, SLOT, proof);
    }

    function _expectRefused(bytes memory problem) private {
        ReadingProof memory proof = _proofOf(_logId);
        vm.expectRevert(problem);
        _harness.netExport(_registry, _rules, METER, SLOT, proof);
    }

    function test_registers_are_rounded_down_and_then_subtracted() external {
        ProvenReading memory reading = _read(_proofOf(_logId));
        // (1100 − 500) − (10425 − 10000)
        expectInt(reading.meteredWh, 175, "net export");
        expect(reading.status == ReadingStatus.Proven && reading.acknowledged, "proven, and the operator has it");
        expectUint(reading.importFrom, 100, "import from");
        expectUint(reading.importTo, 150, "import to");
        expectUint(reading.exportFrom, 200, "export from");
        expectUint(reading.exportTo, 250, "export to");
        expectUint(reading.recordedAt, block.timestamp, "when");
    }

    function test_exponents_from_minus_three_to_zero_count() external {
        for (uint256 i = 0; i < 8; ++i) {
            _drafts[i].exponent = 0;
            _drafts[i].value /= 1000;
        }
        expectInt(_read(_proofOf(_logId)).meteredWh, 175, "net export");
    }

    function test_other_exponents_are_refused() external {
        _drafts[0].exponent = 1;
        _expectRefused(abi.encodeWithSelector(MeterReading.ExponentOutOfRange.selector, int8(1)));
    }

    function test_an_exponent_below_minus_three_is_refused() external {
        _drafts[6].exponent = -4;
        _expectRefused(abi.encodeWithSelector(MeterReading.ExponentOutOfRange.selector, int8(-4)));
    }

    function test_marked_readings_are_refused() external {
        ReadingProof memory proof;
        for (uint256 bit = 0; bit < 24; ++bit) {
            _drafts[3].quality = uint24(1 << bit);
            _logId = _registry.open(keccak256(abi.encode(bit)));
            vm.prank(DSO);
            _rules.appendLog(METER, _logId, true);
            proof = _proofOf(_logId);
            bool isUnusable = bit <= 2 || bit == 5 || bit == 8 || bit == 11 || (bit >= 15 && bit <= 17);
            if (isUnusable) {
                vm.expectRevert(abi.encodeWithSelector(MeterReading.ReadingNotUsable.selector, uint48(151), uint24(1 << bit)));
            }
            _harness.netExport(_registry, _rules, METER, SLOT, proof);
        }
    }

    function test_entries_of_another_kind_channel_or_quantity_are_refused() external {
        bytes32 subject = _drafts[0].subject;
        _drafts[0].quantity = 4;
        _expectRefused(abi.encodeWithSelector(MeterReading.NotOfRegister.selector, 1, subject, 4));
    }

    function test_a_note_is_no_reading() external {
        _drafts[5].kind = 2;
        _expectRefused(abi.encodeWithSelector(MeterReading.NotOfRegister.selector, 2, _drafts[5].subject, 2));
    }

    function test_a_channel_of_a_neighbour_is_refused() external {
        _drafts[4].subject = "neighbour";
        _expectRefused(abi.encodeWithSelector(MeterReading.NotOfRegister.selector, 1, bytes32("neighbour"), 2));
    }

    function test_import_is_not_taken_for_export() external {
        ReadingProof memory proof = _proofOf(_logId);
        (proof.exportStart, proof.exportEnd) = (proof.importStart, proof.importEnd);
        vm.expectRevert(abi.encodeWithSelector(MeterReading.NotOfRegister.selector, 1, _drafts[0].subject, 1));
        _harness.netExport(_registry, _rules, METER, SLOT, proof);
    }

    /// @notice Anybody can open a log and write into it what looks like the meter's.
    function test_a_log_that_is_not_the_meters_is_refused() external {
        vm.prank(address(0xbad));
        bytes32 other = _registry.open("log of alice");
        vm.startPrank(address(0xbad));
        ReadingProof memory proof = _proofOf(other);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(MeterReading.NotLogOfMeter.selector, METER, other));
        _harness.netExport(_registry, _rules, METER, SLOT, proof);
    }

    function test_a_log_that_is_not_the_operators_corrects_and_convicts_nobody() external {
        bytes32 own = _registry.open("her own log");
        vm.prank(DSO);
        _rules.appendLog(METER, own, false);
        ProvenReading memory reading = _read(_proofOf(own));
        expectInt(reading.meteredWh, 175, "net export");
        expect(!reading.acknowledged, "the operator may not have it");
    }

    function test_a_changed_entry_is_not_in_the_log() external {
        ReadingProof memory proof = _proofOf(_logId);
        for (uint256 place = 0; place < 118; place += 13) {
            bytes memory entry = proof.exportEnd.behind.leafData;
            entry[place] ^= 0x01;
            vm.expectRevert(abi.encodeWithSelector(MeterReading.NotAnchored.selector, _logId, uint64(7)));
            _harness.netExport(_registry, _rules, METER, SLOT, proof);
            entry[place] ^= 0x01;
        }
    }

    function test_a_head_that_was_never_anchored_shows_nothing() external {
        ReadingProof memory proof = _proofOf(_logId);
        proof.importStart.before.time += 1;
        vm.expectRevert(abi.encodeWithSelector(MeterReading.NotAnchored.selector, _logId, uint64(0)));
        _harness.netExport(_registry, _rules, METER, SLOT, proof);
    }

    function test_entries_that_do_not_follow_each_other_are_refused() external {
        _drafts[3].number += 1;
        _expectRefused(abi.encodeWithSelector(MeterReading.NotAdjacent.selector, uint48(150), uint48(152)));
    }

    function test_entries_of_two_logs_do_not_follow_each_other() external {
        ReadingProof memory proof = _proofOf(_logId);
        bytes32 own = _registry.open("another epoch");
        vm.prank(DSO);
        _rules.appendLog(METER, own, true);
        proof.importStart.behind = _proofOf(own).importStart.behind;
        vm.expectRevert(abi.encodeWithSelector(MeterReading.NotAdjacent.selector, uint48(100), uint48(101)));
        _harness.netExport(_registry, _rules, METER, SLOT, proof);
    }

    function test_boundaries_may_lie_in_two_epochs() external {
        ReadingProof memory proof = _proofOf(_logId);
        bytes32 next = _registry.open("epoch 2");
        vm.prank(DSO);
        _rules.appendLog(METER, next, true);
        ReadingProof memory later = _proofOf(next);
        (proof.importEnd, proof.exportEnd) = (later.importEnd, later.exportEnd);
        expectInt(_read(proof).meteredWh, 175, "net export");
    }

    function test_the_moment_itself_belongs_to_the_entry_before() external {
        _drafts[0].measuredAtMs = BEGINS;
        _drafts[6].measuredAtMs = ENDS;
        expectInt(_read(_proofOf(_logId)).meteredWh, 175, "net export");
    }

    function test_a_follower_at_the_moment_itself_is_no_crossing() external {
        _drafts[1].measuredAtMs = BEGINS;
        _expectRefused(abi.encodeWithSelector(MeterReading.NoCrossing.selector, BEGINS, BEGINS - 30_000, BEGINS, 120_000));
    }

    function test_entries_up_to_twice_the_cadence_away_are_near_enough() external {
        _drafts[0].measuredAtMs = BEGINS - 120_000;
        _drafts[1].measuredAtMs = BEGINS + 120_000;
        expectInt(_read(_proofOf(_logId)).meteredWh, 175, "net export");
    }

    function test_an_entry_further_away_is_no_crossing() external {
        _drafts[0].measuredAtMs = BEGINS - 120_001;
        _expectRefused(abi.encodeWithSelector(MeterReading.NoCrossing.selector, BEGINS, BEGINS - 120_001, BEGINS + 30_000, 120_000));
    }

    function test_a_follower_further_away_is_no_crossing() external {
        _drafts[7].measuredAtMs = ENDS + 120_001;
        _expectRefused(abi.encodeWithSelector(MeterReading.NoCrossing.selector, ENDS, ENDS - 30_000, ENDS + 120_001, 120_000));
    }

    function test_an_entry_without_a_time_is_no_crossing() external {
        _drafts[0].measuredAtMs = 0;
        _expectRefused(abi.encodeWithSelector(MeterReading.NoCrossing.selector, BEGINS, 0, BEGINS + 30_000, 120_000));
    }

    function test_a_register_that_falls_or_begins_anew_says_nothing() external {
        _drafts[6].value = 499_999;
        _expectRefused(abi.encodeWithSelector(MeterReading.RegisterFell.selector, 500, 499, 0, 0));
    }

    function test_a_counter_that_began_anew_says_nothing() external {
        _drafts[2].span = 1;
        _expectRefused(abi.encodeWithSelector(MeterReading.RegisterFell.selector, 10_000, 10_425, 0, 1));
    }

    function test_a_negative_register_is_refused() external {
        _drafts[4].value = -1;
        _expectRefused(abi.encodeWithSelector(MeterReading.NegativeRegister.selector, int64(-1)));
    }
}
