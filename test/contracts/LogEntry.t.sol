// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Entry, LogEntry} from "../../contracts/LogEntry.sol";
import {EntryCase, MalformedEntryCase, Vectors} from "./Vectors.sol";

/// @notice LogEntry as a contract, so that tests can hand it calldata and see it revert.
contract EntryHarness {
    function decode(bytes calldata data) external pure returns (Entry memory) {
        return LogEntry.decode(data);
    }
}

contract LogEntryTest is Vectors {
    EntryHarness private immutable _entries = new EntryHarness();

    function test_every_canonical_entry_gives_its_fields() external view {
        EntryCase[] memory cases = _entryCases();
        expect(cases.length >= 30, "the canonical entries are all there");
        for (uint256 i = 0; i < cases.length; ++i) {
            EntryCase memory one = cases[i];
            Entry memory entry = _entries.decode(one.entry);
            expectUint(entry.kind, one.kind, one.name);
            expectUint(entry.version, one.version, one.name);
            expectBytes32(entry.salt, one.salt, one.name);
            expectBytes32(entry.subject, one.subject, one.name);
            expectUint(entry.quantity, one.quantity, one.name);
            expectInt(entry.exponent, one.exponent, one.name);
            expectUint(entry.quality, one.quality, one.name);
            expectInt(entry.value, one.value, one.name);
            expectUint(entry.measuredAtMs, one.measuredAtMs, one.name);
            expectUint(entry.arrivedAtMs, one.arrivedAtMs, one.name);
            expectUint(entry.number, one.number, one.name);
            expectUint(entry.span, one.span, one.name);
            expectBytes32(entry.source, one.source, one.name);
        }
    }

    function test_every_malformed_entry_is_refused_with_the_offending_value() external {
        MalformedEntryCase[] memory cases = _malformedEntryCases();
        expect(cases.length >= 10, "the malformed entries are all there");
        for (uint256 i = 0; i < cases.length; ++i) {
            bytes memory data = cases[i].entry;
            bytes32 wrong = keccak256(bytes(cases[i].wrong));
            if (wrong == keccak256("length")) {
                vm.expectRevert(abi.encodeWithSelector(LogEntry.WrongEntryLength.selector, data.length));
            } else if (wrong == keccak256("version")) {
                vm.expectRevert(abi.encodeWithSelector(LogEntry.WrongEntryVersion.selector, uint8(data[1])));
            } else {
                expectBytes32(wrong, keccak256("kind"), "a wrong field that this test knows");
                vm.expectRevert(abi.encodeWithSelector(LogEntry.WrongEntryKind.selector, uint8(data[0])));
            }
            _entries.decode(data);
        }
    }

    /// @notice Encoding by Solidity's own packing, which knows nothing of shifts, comes back field by field.
    function testFuzz_what_was_packed_is_decoded(
        uint8 kind,
        bytes32 subject,
        bytes32 source,
        bytes16 salt,
        uint256 facts,
        uint48[3] calldata places
    ) external view {
        vm.assume(kind != 0);
        bytes memory head = abi.encodePacked(kind, uint8(1), salt, subject, uint16(facts), int8(uint8(facts >> 16)));
        bytes memory middle = abi.encodePacked(uint24(facts >> 24), int64(uint64(facts >> 48)));
        bytes memory tail = abi.encodePacked(places[0], places[1], places[2], uint32(facts >> 112), source);
        Entry memory entry = _entries.decode(bytes.concat(head, middle, tail));
        expectUint(entry.kind, kind, "kind");
        expectBytes32(entry.salt, salt, "salt");
        expectBytes32(entry.subject, subject, "subject");
        expectUint(entry.quantity, uint16(facts), "quantity");
        expectInt(entry.exponent, int8(uint8(facts >> 16)), "exponent");
        expectUint(entry.quality, uint24(facts >> 24), "quality");
        expectInt(entry.value, int64(uint64(facts >> 48)), "value");
        expectUint(entry.measuredAtMs, places[0], "measuredAtMs");
        expectUint(entry.arrivedAtMs, places[1], "arrivedAtMs");
        expectUint(entry.number, places[2], "number");
        expectUint(entry.span, uint32(facts >> 112), "span");
        expectBytes32(entry.source, source, "source");
    }

    function testFuzz_any_other_length_is_refused(bytes calldata data) external {
        vm.assume(data.length != 118);
        vm.expectRevert(abi.encodeWithSelector(LogEntry.WrongEntryLength.selector, data.length));
        _entries.decode(data);
    }

    /// @notice Every bit of the 118 bytes is read: none can be flipped without a field changing or the entry being refused.
    function test_every_flipped_bit_changes_what_is_decoded() external view {
        bytes memory data = new bytes(118);
        data[0] = 0x03;
        data[1] = 0x01;
        bytes32 before = keccak256(abi.encode(_entries.decode(data)));
        for (uint256 bit = 0; bit < 118 * 8; ++bit) {
            bytes1 flip = bytes1(uint8(1 << (bit % 8)));
            data[bit / 8] ^= flip;
            (bool answered, bytes memory answer) = address(_entries).staticcall(abi.encodeCall(EntryHarness.decode, (data)));
            expect(!answered || keccak256(answer) != before, "the bit is read");
            expect(answered || bit / 8 == 1, "only the version refuses");
            data[bit / 8] ^= flip;
        }
    }
}
