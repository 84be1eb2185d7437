// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Period} from "./ICarbonAllowance.sol";
import {LoggedEntry, Range, Report, Tally} from "./ICarbonReports.sol";
import {Entry, LogEntry} from "./LogEntry.sol";
import {LogProof} from "./LogProof.sol";

/// @title Checks what is held against a report of emissions: entries of its log, its own tree, tallies.
/// @dev What it is given lies under a head that the caller has looked at: `LoggedEntry.size` and `root` are taken as they are here.
library ReportChallenge {
    /// @notice The plan has no such channel.
    error NoSuchChannel(uint256 channel, uint256 channels);
    /// @notice The entry is not in the log under that head.
    error NotInLog(bytes32 logId, uint64 size, uint64 index);
    /// @notice The report covers the log up to a size that this entry lies behind.
    error NotCovered(uint64 index, uint64 size);
    error NotOfChannel(bytes32 subject, bytes32 expected);
    /// @notice Readings and statements count, and nothing else.
    error CountsNot(uint8 kind);
    /// @notice The number is not one that this challenge is about.
    error NumberInRange(uint48 number, uint48 first, uint48 last);
    error NumberOutsideRange(uint48 number, uint48 first, uint48 last);
    error WrongNumber(uint48 number, uint48 expected);
    /// @notice The report does not have this leaf there.
    error NotInReport(bytes32 leaf, uint64 position, uint64 entries);
    /// @notice The report has this very entry there.
    error SameLeaf(bytes32 leaf);
    /// @notice In ms since 1970: the entry is none of the period.
    error OutsidePeriod(uint256 timeMs, uint256 fromMs, uint256 toMs);
    /// @notice The last entry lies behind the period: the channel is closed there.
    error EndIsClosed(uint256 timeMs, uint256 toMs);
    /// @notice The first entry lies before the period, or is the channel's first one.
    error StartIsClosed(uint48 first, uint256 timeMs, uint256 fromMs);
    error NotATally(uint8 kind, uint16 subKind);
    /// @notice The tally counts entries that the report does not cover.
    error TallyNotCovered(uint64 index, uint64 size);
    /// @notice The entry's source is not that of such a tally.
    error WrongTallyBody(bytes32 source, bytes32 found);
    error NotInTally(bytes32 subject, uint48 number);
    /// @notice The tally counts no further than the report.
    error NothingBeyond(uint48 number, uint48 last);

    uint8 internal constant READING = 1;
    uint8 internal constant NOTE = 2;
    uint8 internal constant STATEMENT = 8;
    uint16 internal constant TALLY = 3;
    uint16 internal constant REPORT = 4;
    /// @dev Quality bit: the agent's clock was not known to be right.
    uint24 internal constant CLOCK_UNSYNCHRONISED = 1 << 3;

    /// @notice The entry, if it is in the log.
    function entryOf(bytes32 logId, LoggedEntry calldata logged) internal view returns (Entry memory) {
        if (!LogProof.verifyInclusion(LogProof.leafHash(logged.leafData), logged.index, logged.size, logged.root, logged.inclusionProof)) {
            revert NotInLog(logId, logged.size, logged.index);
        }
        return LogEntry.decode(logged.leafData);
    }

    /// @notice The entry, if it is in the log and of that channel of the plan. By its number, which the report has, it is one of those that the report covers.
    function channelEntry(Report calldata report, uint256 channel, LoggedEntry calldata logged) internal view returns (Entry memory entry) {
        checkChannel(report, channel);
        entry = entryOf(report.logId, logged);
        checkSubject(report, channel, entry);
    }

    function checkChannel(Report calldata report, uint256 channel) internal pure {
        if (channel >= report.subjects.length) revert NoSuchChannel(channel, report.subjects.length);
    }

    function checkSubject(Report calldata report, uint256 channel, Entry memory entry) internal pure {
        if (entry.subject != report.subjects[channel]) revert NotOfChannel(entry.subject, report.subjects[channel]);
    }

    /// @notice Reverts unless the report has that number.
    function checkNumber(Report calldata report, uint256 channel, uint48 number) internal pure {
        checkChannel(report, channel);
        Range calldata range = report.ranges[channel];
        if (number < range.first || number > range.last) revert NumberOutsideRange(number, range.first, range.last);
    }

    /// @notice When it was measured as far as anybody says, in ms since 1970.
    function timeOf(Entry memory entry) internal pure returns (uint256) {
        return entry.measuredAtMs == 0 ? entry.arrivedAtMs : entry.measuredAtMs;
    }

    /// @notice The number of an entry that the report should have, and its leaf hash.
    function inRange(Report calldata report, uint256 channel, LoggedEntry calldata logged)
        internal
        view
        returns (uint48 number, bytes32 leaf)
    {
        number = channelEntry(report, channel, logged).number;
        checkNumber(report, channel, number);
        leaf = LogProof.leafHash(logged.leafData);
    }

    /// @notice Reverts unless the report has this leaf at the place of this number.
    function checkLeaf(Report calldata report, uint256 channel, uint48 number, bytes32 leaf, bytes32[] calldata path) internal view {
        uint64 position;
        uint64 entries;
        // At most 64 channels of 2^48 numbers each: 64 bits hold them.
        for (uint256 i = 0; i < report.ranges.length; ++i) {
            Range calldata range = report.ranges[i];
            if (i == channel) position = entries + number - range.first;
            entries += uint64(range.last) + 1 - range.first;
        }
        if (!LogProof.verifyInclusion(leaf, position, entries, report.entriesRoot, path)) revert NotInReport(leaf, position, entries);
    }

    /// @notice Reverts unless the report has another leaf where this entry belongs.
    function checkOtherLeaf(Report calldata report, uint256 channel, LoggedEntry calldata logged, bytes32 leaf, bytes32[] calldata path)
        internal
        view
    {
        (uint48 number, bytes32 logLeaf) = inRange(report, channel, logged);
        if (leaf == logLeaf) revert SameLeaf(leaf);
        checkLeaf(report, channel, number, leaf, path);
    }

    /// @notice Reverts unless this is an entry that counts and that the report does not have.
    function checkOutside(Report calldata report, Period memory dates, uint256 channel, LoggedEntry calldata logged) internal view {
        checkChannel(report, channel);
        Entry memory entry = entryOf(report.logId, logged);
        checkSubject(report, channel, entry);
        if (entry.kind != READING && entry.kind != STATEMENT) revert CountsNot(entry.kind);
        uint256 timeMs = timeOf(entry);
        (uint256 fromMs, uint256 toMs) = (uint256(dates.from) * 1000, uint256(dates.to) * 1000);
        if (timeMs < fromMs || timeMs >= toMs) revert OutsidePeriod(timeMs, fromMs, toMs);
        if (logged.index >= report.size) {
            // What came in time must be covered. A site that never anchored half of its log could else report on the other half.
            bool saysSo = entry.arrivedAtMs < uint256(dates.coverFrom) * 1000 && entry.quality & CLOCK_UNSYNCHRONISED == 0;
            // The chain's clock needs nobody's word: what was anchored in time came in time, whatever the agent says of its own clock. The report's own head (0) was anchored later.
            bool isInTime = saysSo || (logged.time != 0 && logged.time < dates.coverFrom);
            if (!isInTime) revert NotCovered(logged.index, report.size);
            return;
        }
        Range calldata range = report.ranges[channel];
        if (entry.number >= range.first && entry.number <= range.last) revert NumberInRange(entry.number, range.first, range.last);
    }

    /// @notice The time of the entry whose number is the first or the last of a range, in ms since 1970.
    function edgeTime(Report calldata report, uint256 channel, LoggedEntry calldata edge, uint48 number) internal view returns (uint256) {
        Entry memory entry = channelEntry(report, channel, edge);
        if (entry.number != number) revert WrongNumber(entry.number, number);
        return timeOf(entry);
    }

    /// @notice Reverts unless the tally counts numbers of the channel that the report does not have.
    function checkBeyond(Report calldata report, uint256 channel, Tally calldata tally) internal view {
        checkChannel(report, channel);
        // A tally at index S covers the first S entries: no more than the report does.
        uint64 index = tally.entry.index;
        if (index > report.size) revert TallyNotCovered(index, report.size);
        Entry memory entry = entryOf(report.logId, tally.entry);
        if (entry.kind != NOTE || entry.quantity != TALLY) revert NotATally(entry.kind, entry.quantity);
        bytes32 source = sha256(abi.encodePacked("kedge/body/v1\x00", tally.salt, tallyBody(index, tally.channels, tally.root)));
        if (source != entry.source) revert WrongTallyBody(entry.source, source);
        bytes32 subject = report.subjects[channel];
        bytes32 leaf = sha256(abi.encodePacked("\x00kedge/tally/v1\x00", subject, tally.number));
        if (!LogProof.verifyInclusion(leaf, tally.place, tally.channels, tally.root, tally.path)) revert NotInTally(subject, tally.number);
        uint48 last = report.ranges[channel].last;
        if (tally.number <= last) revert NothingBeyond(tally.number, last);
    }

    /// @notice What a tally says, as the one line of JSON that an agent writes. [agent/format/tally.ts]
    function tallyBody(uint64 size, uint64 channels, bytes32 root) internal pure returns (bytes memory) {
        return abi.encodePacked(
            '{"note":"tally","size":',
            decimal(size),
            ',"channels":',
            decimal(channels),
            ',"root":"',
            Base64.encode(abi.encodePacked(root)),
            '"}'
        );
    }

    /// @dev Without OpenZeppelin's Strings, which needs an opcode that the Paris EVM does not have.
    function decimal(uint64 value) internal pure returns (bytes memory digits) {
        uint256 length = 1;
        for (uint256 rest = value / 10; rest > 0; rest /= 10) {
            ++length;
        }
        digits = new bytes(length);
        uint256 left = value;
        for (uint256 i = length; i > 0; --i) {
            digits[i - 1] = bytes1(uint8(48 + left % 10));
            left /= 10;
        }
    }
}
