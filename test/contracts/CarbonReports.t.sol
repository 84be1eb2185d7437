// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    ICarbonReports,
    DemandKind,
    LoggedEntry,
    Plan,
    Range,
    Report,
    ReportStanding,
    ReportStatus,
    Tally
} from "../../contracts/ICarbonReports.sol";
import {ICarbonAllowance} from "../../contracts/ICarbonAllowance.sol";
import {CarbonReports} from "../../contracts/CarbonReports.sol";
import {Entry} from "../../contracts/LogEntry.sol";
import {ReportChallenge} from "../../contracts/ReportChallenge.sol";
import {CarbonWorld, Head} from "./CarbonWorld.sol";
import {ReferenceTree} from "./ReferenceTree.sol";

/// @notice A month of a kiln, reported honestly and in every other way.
contract CarbonReportsTest is CarbonWorld {
    Head private _early;
    Head private _cover;
    uint256 private _before;

    /// @dev Gas is read each day from the first to the twelfth, power on some, an activity is stated on the fifth.
    function setUp() external {
        _build();
        for (uint256 day = 0; day < 13; ++day) {
            vm.warp(START + day * 1 days + 1 hours);
            _reading(GAS, START + day * 1 days + 600);
            if (day % 3 == 1) _reading(POWER, START + day * 1 days + 700);
            if (day == 5) {
                // Stated while the agent did not know whether its clock was right.
                _append(
                    STATEMENT, STATEMENTS, 3, CLOCK_UNSYNCHRONISED, 0, (START + day * 1 days) * 1000, block.timestamp * 1000, "refrigerant"
                );
                _tally();
                _early = _anchor();
            }
        }
        _tally();
        _cover = _anchor();
        vm.warp(START + 13 days);
    }

    function _posted() private returns (Report memory report) {
        report = _honest(_cover, 1_000_000);
        _post(report);
    }

    function _expectVoid(Report memory report, address challenger) private view {
        ReportStanding memory standing = _reports.standingOf(SITE, _period);
        expect(standing.status == ReportStatus.Void, "the report is void");
        expectBytes32(standing.reportHash, keccak256(abi.encode(report)), "of that report");
        expectUint(standing.stake, 0, "nothing is at stake any more");
        expectUint(standing.totalMg, 0, "and no total is left");
        expectUint(_reports.creditOf(challenger), STAKE / 2, "half is the challenger's");
        expectUint(_reports.creditOf(REGULATOR), STAKE / 2, "half is the regulator's");
        (bool isSettled, uint256 totalMg) = _reports.totalOf(SITE, _period);
        expect(!isSettled && totalMg == 0, "no total stands");
    }

    // ---- the honest ----

    function test_an_honest_report_is_final_after_its_window_and_its_stake_returns() external {
        Report memory report = _posted();
        expectUint(_reports.bondOf(SITE), 5 ether - STAKE, "the bond");
        // Before the period, up to the first reading behind it.
        expectUint(report.ranges[0].first, 1, "gas from");
        expectUint(report.ranges[0].last, 12, "gas to");
        expectUint(report.ranges[2].last, 1, "statements");
        (bool isSettled,) = _reports.totalOf(SITE, _period);
        expect(!isSettled, "it can still be challenged");
        vm.warp(block.timestamp + WINDOW);
        uint256 totalMg;
        (isSettled, totalMg) = _reports.totalOf(SITE, _period);
        expect(isSettled && totalMg == 1_000_000, "the total stands");
        _reports.returnStake(SITE, _period);
        _reports.returnStake(SITE, _period);
        expectUint(_reports.bondOf(SITE), 5 ether, "the bond is whole, once");
    }

    function test_no_entry_and_no_tally_of_the_log_convicts_an_honest_report() external {
        Report memory report = _posted();
        expectUint(_convictions(report), 0, "convictions");
    }

    /// @dev Holds everything that the log has against a report, in every way; stops at the first success.
    function _convictions(Report memory report) private returns (uint256) {
        bytes32[] memory leaves = _reportLeaves(report);
        Head memory newest = _heads[_heads.length - 1];
        for (uint256 i = 0; i < newest.size; ++i) {
            LoggedEntry memory entry = _logged(i, newest);
            for (uint256 c = 0; c < 3; ++c) {
                if (_log[i].subject != report.subjects[c]) continue;
                vm.prank(HOLDER);
                try _reports.challengeOutside(report, c, entry) {
                    return 1;
                } catch {}
                vm.prank(HOLDER);
                try _reports.challengeStart(report, c, entry) {
                    return 1;
                } catch {}
                if (_challengedAtItsPlace(report, leaves, c, entry, _log[i].number)) return 1;
                if (i >= _early.size) continue;
                LoggedEntry memory anchoredInTime = _logged(i, _early);
                vm.prank(HOLDER);
                try _reports.challengeOutside(report, c, anchoredInTime) {
                    return 1;
                } catch {}
            }
        }
        for (uint256 t = 0; t < _tallies.length; ++t) {
            for (uint256 c = 0; c < 3; ++c) {
                Tally memory tally = _openTally(_tallies[t], c, newest);
                LoggedEntry memory edge = entryOr(report, c, newest);
                vm.prank(HOLDER);
                try _reports.challengeEnd(report, c, edge, tally) {
                    return 1;
                } catch {}
            }
        }
        return 0;
    }

    function entryOr(Report memory report, uint256 c, Head memory head) private view returns (LoggedEntry memory edge) {
        if (report.ranges[c].last > 0) edge = _logged(_indexOf(report.subjects[c], report.ranges[c].last), head);
    }

    function _challengedAtItsPlace(Report memory report, bytes32[] memory leaves, uint256 c, LoggedEntry memory entry, uint48 number)
        private
        returns (bool)
    {
        if (number < report.ranges[c].first || number > report.ranges[c].last) return false;
        bytes32[] memory path = _pathIn(report, leaves, c, number);
        vm.prank(HOLDER);
        try _reports.challengeLeaf(report, c, entry, leaves[_placeOf(report, c, number)], path) {
            return true;
        } catch {
            return false;
        }
    }

    /// @notice Whatever clocks said and whenever tallies were made: the rule for ranges keeps an honest site safe from everything that its log has.
    /// forge-config: default.fuzz.runs = 48
    function testFuzz_an_honest_report_of_a_log_with_jumping_clocks_cannot_be_convicted(uint256 seed) external {
        uint256 count = 4 + seed % 12;
        for (uint256 i = 0; i < count; ++i) {
            uint256 any = uint256(keccak256(abi.encode(seed, i)));
            bytes32 subject = [GAS, POWER, STATEMENTS][any % 3];
            uint256 timeMs = [uint256(START), FROM - 1, FROM, FROM + 1, TO - 1, TO, TO + 1, START + 100 days][(any >> 8) % 8] * 1000;
            uint8 kind = [READING, READING, NOTE, STATEMENT][(any >> 16) % 4];
            // It arrives when it arrives, with a device's time or without; before the cover by a wrong clock only if that is said.
            uint256 measuredMs = (any >> 24) % 4 == 0 ? 0 : timeMs;
            _append(kind, subject, 1, CLOCK_UNSYNCHRONISED, 1, measuredMs, timeMs, "source");
            if ((any >> 32) % 4 == 0) _tally();
            if ((any >> 40) % 5 == 0) {
                vm.warp(block.timestamp + 1);
                _cover = _anchor();
            }
        }
        Report memory report = _honest(_cover, seed % 1e15);
        vm.warp(block.timestamp + 1);
        _post(report);
        expectUint(_convictions(report), 0, "convictions");
    }

    // ---- the false ----

    /// @notice One reading of the period is left out at the end of a range: its holder needs nothing but his receipt, here of a head from the middle of the period that the registry still has.
    function test_a_report_that_leaves_out_a_reading_is_convicted_by_its_holder_alone() external {
        Report memory report = _honest(_cover, 1);
        // The seventh is of day six; the fifth is in the early head.
        report.ranges[0].last = 4;
        _seal(report);
        _post(report);
        LoggedEntry memory held = _logged(_indexOf(GAS, 5), _early);
        vm.prank(HOLDER);
        _reports.challengeOutside(report, 0, held);
        _expectVoid(report, HOLDER);
        vm.prank(HOLDER);
        _reports.withdrawCredit(STAKE / 2, HOLDER);
        expectUint(HOLDER.balance, STAKE / 2, "paid");
    }

    function test_a_report_that_begins_too_late_is_convicted_by_the_reading_before() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[0].first = 4;
        _seal(report);
        _post(report);
        LoggedEntry memory held = _logged(_indexOf(GAS, 3), _early);
        vm.prank(HOLDER);
        _reports.challengeOutside(report, 0, held);
        _expectVoid(report, HOLDER);
    }

    function test_a_changed_leaf_is_convicted_by_the_entry_that_the_log_has() external {
        Report memory report = _honest(_cover, 1);
        bytes32[] memory leaves = _reportLeaves(report);
        leaves[_placeOf(report, 0, 5)] = "another leaf";
        report.entriesRoot = ReferenceTree.mth(leaves, 0, leaves.length);
        _post(report);
        LoggedEntry memory held = _logged(_indexOf(GAS, 5), _early);
        bytes32[] memory path = _pathIn(report, leaves, 0, 5);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NotInReport.selector, bytes32("a third"), uint64(4), uint64(leaves.length)));
        _reports.challengeLeaf(report, 0, held, "a third", path);
        vm.prank(HOLDER);
        _reports.challengeLeaf(report, 0, held, "another leaf", path);
        _expectVoid(report, HOLDER);
    }

    function test_a_channel_that_is_said_to_be_empty_is_convicted_by_a_tally() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[1] = Range(1, 0);
        _seal(report);
        _post(report);
        LoggedEntry memory none;
        Tally memory tally = _openTally(_tallies[0], 1, _early);
        vm.prank(HOLDER);
        _reports.challengeEnd(report, 1, none, tally);
        _expectVoid(report, HOLDER);
    }

    function test_a_range_that_ends_within_the_period_is_convicted_by_its_edge_and_a_tally() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[0].last = 11;
        _seal(report);
        _post(report);
        // Number 11 is of day ten, the period's last; number 12 closes it.
        LoggedEntry memory edge = _logged(_indexOf(GAS, 11), _headOf(report));
        Tally memory early = _openTally(_tallies[0], 0, _early);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NothingBeyond.selector, uint48(6), uint48(11)));
        _reports.challengeEnd(report, 0, edge, early);
        Tally memory tally = _openTally(_tallies[1], 0, _headOf(report));
        vm.prank(HOLDER);
        _reports.challengeEnd(report, 0, edge, tally);
        _expectVoid(report, HOLDER);
    }

    function test_a_range_that_begins_within_the_period_is_convicted_by_its_edge() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[1].first = 2;
        _seal(report);
        _post(report);
        LoggedEntry memory edge = _logged(_indexOf(POWER, 2), _headOf(report));
        vm.prank(HOLDER);
        _reports.challengeStart(report, 1, edge);
        _expectVoid(report, HOLDER);
    }

    /// @notice A site that anchors little and late could else report on what it likes.
    function test_a_head_that_does_not_cover_what_came_in_time_is_convicted_by_what_it_leaves_out() external {
        uint256 late = _append(READING, GAS, 1, 0, 7, (uint256(TO) - 1) * 1000, uint256(COVER_FROM) * 1000 - 1, "source");
        uint256 unsure =
            _append(READING, GAS, 1, CLOCK_UNSYNCHRONISED, 7, (uint256(TO) - 1) * 1000, uint256(COVER_FROM) * 1000 - 1, "source");
        uint256 tooLate = _append(READING, GAS, 1, 0, 7, (uint256(TO) - 1) * 1000, uint256(COVER_FROM) * 1000, "source");
        Report memory report = _honest(_cover, 1);
        _post(report);
        Head memory newest = _heads[_heads.length - 1];
        for (uint256 i = unsure; i <= tooLate; ++i) {
            LoggedEntry memory other = _logged(i, newest);
            vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NotCovered.selector, uint64(i), report.size));
            _reports.challengeOutside(report, 0, other);
        }
        LoggedEntry memory held = _logged(late, newest);
        vm.prank(HOLDER);
        _reports.challengeOutside(report, 0, held);
        _expectVoid(report, HOLDER);
    }

    /// @notice A site whose agent doubts its clock all year could else cover as little of its log as it likes: what was anchored in time came in time.
    function test_what_was_anchored_in_time_must_be_covered_whatever_the_agent_says_of_its_clock() external {
        uint256 index = _indexOf(STATEMENTS, 1);
        Report memory report = _honest(Head(uint64(index), 0, 0), 1);
        expectUint(report.ranges[2].last, 0, "it covers no statement");
        _post(report);
        LoggedEntry memory held = _logged(index, _headOf(report));
        bytes memory notCovered = abi.encodeWithSelector(ReportChallenge.NotCovered.selector, uint64(index), report.size);
        vm.expectRevert(notCovered);
        _reports.challengeOutside(report, 2, held);
        // Anchored when late readings had been waited for.
        held = _logged(index, _cover);
        vm.expectRevert(notCovered);
        _reports.challengeOutside(report, 2, held);
        // As if it had been anchored in the very second.
        held = _logged(index, _early);
        held.time = COVER_FROM;
        vm.mockCall(
            address(_registry),
            abi.encodeWithSignature("isAnchored(bytes32,uint64,uint64,bytes32)", _logId, held.size, held.time, held.root),
            abi.encode(true)
        );
        vm.expectRevert(notCovered);
        _reports.challengeOutside(report, 2, held);
        held.time = _early.time;
        vm.prank(HOLDER);
        _reports.challengeOutside(report, 2, held);
        _expectVoid(report, HOLDER);
    }

    /// @notice Whatever range is cut short, something in the log convicts it.
    function testFuzz_a_range_that_misses_something_that_counts_is_convicted(uint256 channel, uint256 first, uint256 last) external {
        Report memory report = _honest(_cover, 1);
        channel = channel % 2;
        Range memory honest = report.ranges[channel];
        first = between(first, 1, honest.last);
        report.ranges[channel] = Range(uint48(first), uint48(between(last, first, honest.last)));
        bool misses;
        for (uint256 i = 0; i < _cover.size; ++i) {
            bool isOutside = _log[i].number < report.ranges[channel].first || _log[i].number > report.ranges[channel].last;
            if (_log[i].subject == report.subjects[channel] && _counts(_log[i]) && isOutside) misses = true;
        }
        _seal(report);
        _post(report);
        uint256 convictions = _convictions(report);
        if (misses) expectUint(convictions, 1, "it misses something and stands");
    }

    /// @notice Evidence with any bit changed convicts nobody.
    function testFuzz_a_bit_flip_in_what_is_shown_convicts_nobody(uint256 bit) external {
        Report memory report = _honest(_cover, 1);
        report.ranges[0].last = 4;
        _seal(report);
        _post(report);
        LoggedEntry memory held = _logged(_indexOf(GAS, 5), _early);
        bit = bit % (118 * 8);
        held.leafData[bit / 8] = bytes1(uint8(held.leafData[bit / 8]) ^ uint8(1 << (bit % 8)));
        vm.prank(HOLDER);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NotInLog.selector, _logId, held.size, held.index));
        _reports.challengeOutside(report, 0, held);
    }

    function test_entries_that_do_not_count_convict_nobody() external {
        Report memory report = _posted();
        Head memory newest = _heads[_heads.length - 1];
        LoggedEntry memory behind = _logged(_indexOf(GAS, 13), newest);
        vm.expectRevert(
            abi.encodeWithSelector(
                ReportChallenge.OutsidePeriod.selector, (uint256(START) + 12 days + 600) * 1000, uint256(FROM) * 1000, uint256(TO) * 1000
            )
        );
        _reports.challengeOutside(report, 0, behind);
        LoggedEntry memory inside = _logged(_indexOf(GAS, 5), newest);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NumberInRange.selector, uint48(5), uint48(1), uint48(12)));
        _reports.challengeOutside(report, 0, inside);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NotOfChannel.selector, GAS, POWER));
        _reports.challengeOutside(report, 1, inside);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NoSuchChannel.selector, uint256(3), uint256(3)));
        _reports.challengeOutside(report, 3, inside);
        LoggedEntry memory madeUp = inside;
        madeUp.root = "another root";
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotAnchored.selector, _logId, madeUp.size, madeUp.time, madeUp.root));
        _reports.challengeOutside(report, 0, madeUp);
    }

    /// @notice An entry of another subject that has the same number is no evidence, in any way of showing one.
    function test_entries_of_another_subject_convict_nobody_and_answer_nothing() external {
        Report memory report = _honest(_cover, 1);
        // Not honest, so that there is an edge at the beginning too.
        report.ranges[0].first = 3;
        report.ranges[1].first = 3;
        _seal(report);
        _post(report);
        bytes32[] memory leaves = _reportLeaves(report);
        LoggedEntry memory other = _logged(_indexOf(POWER, 3), _headOf(report));
        bytes memory notOfChannel = abi.encodeWithSelector(ReportChallenge.NotOfChannel.selector, POWER, GAS);
        bytes32[] memory path = _pathIn(report, leaves, 0, 3);
        vm.deal(address(this), 3 * DEMAND_STAKE);
        vm.expectRevert(notOfChannel);
        _reports.challengeLeaf(report, 0, other, leaves[0], path);
        vm.expectRevert(notOfChannel);
        _reports.challengeStart(report, 0, other);
        vm.expectRevert(notOfChannel);
        _reports.demandEntry{value: DEMAND_STAKE}(report, 0, other);
        _reports.demandNumber{value: DEMAND_STAKE}(report, 0, 3);
        vm.expectRevert(notOfChannel);
        _reports.answerNumber(report, 0, other, path);
        _reports.demandStart{value: DEMAND_STAKE}(report, 0);
        vm.expectRevert(notOfChannel);
        _reports.answerEdge(report, 0, DemandKind.Start, other);
        // A channel that the plan does not have is none, whatever is shown.
        bytes memory noSuch = abi.encodeWithSelector(ReportChallenge.NoSuchChannel.selector, 3, 3);
        vm.expectRevert(noSuch);
        _reports.challengeLeaf(report, 3, other, leaves[0], path);
        vm.expectRevert(noSuch);
        _reports.challengeStart(report, 3, other);
        vm.expectRevert(noSuch);
        _reports.demandStart{value: DEMAND_STAKE}(report, 3);
        vm.expectRevert(noSuch);
        _reports.demandNumber{value: DEMAND_STAKE}(report, 3, 1);
        vm.expectRevert(noSuch);
        _reports.answerEdge(report, 3, DemandKind.Start, other);
    }

    /// @notice Beside a range lie the leaves of the next one: they are not what the report has at a number that it does not have.
    function test_numbers_outside_a_range_are_neither_challenged_nor_demanded() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[1].first = 3;
        _seal(report);
        _post(report);
        bytes32[] memory leaves = _reportLeaves(report);
        // Gas has 1 … 12 and the log a thirteenth; power has 3 … 4, and the place before the third is the twelfth of gas.
        LoggedEntry memory behind = _logged(_indexOf(GAS, 13), _headOf(report));
        LoggedEntry memory before = _logged(_indexOf(POWER, 2), _headOf(report));
        bytes memory tooGreat = abi.encodeWithSelector(ReportChallenge.NumberOutsideRange.selector, uint48(13), uint48(1), uint48(12));
        bytes memory tooSmall = abi.encodeWithSelector(ReportChallenge.NumberOutsideRange.selector, uint48(2), uint48(3), uint48(4));
        bytes32[] memory pathBehind = ReferenceTree.path(12, leaves, 0, leaves.length);
        bytes32[] memory pathBefore = ReferenceTree.path(11, leaves, 0, leaves.length);
        vm.expectRevert(tooGreat);
        _reports.challengeLeaf(report, 0, behind, leaves[12], pathBehind);
        vm.expectRevert(tooSmall);
        _reports.challengeLeaf(report, 1, before, leaves[11], pathBefore);
        vm.deal(address(this), 2 * DEMAND_STAKE);
        vm.expectRevert(tooGreat);
        _reports.demandEntry{value: DEMAND_STAKE}(report, 0, behind);
        vm.expectRevert(tooSmall);
        _reports.demandEntry{value: DEMAND_STAKE}(report, 1, before);
        vm.expectRevert(tooGreat);
        _reports.demandNumber{value: DEMAND_STAKE}(report, 0, 13);
        vm.expectRevert(tooSmall);
        _reports.demandNumber{value: DEMAND_STAKE}(report, 1, 2);
        _reports.demandNumber{value: DEMAND_STAKE}(report, 1, 3);
        _reports.demandNumber{value: DEMAND_STAKE}(report, 1, 4);
    }

    /// @notice The first and the last millisecond of the period count, those beside them do not, and neither does a note in between.
    function test_what_counts_is_a_reading_or_a_statement_of_the_period_to_the_millisecond() external {
        uint256 inTime = uint256(COVER_FROM) * 1000 - 1;
        (uint256 from, uint256 to) = (uint256(FROM) * 1000, uint256(TO) * 1000);
        uint256 i = _append(NOTE, GAS, 1, 0, 0, to - 1, inTime, "source");
        _append(READING, GAS, 1, 0, 7, from - 1, inTime, "source");
        _append(READING, GAS, 1, 0, 7, to, inTime, "source");
        _append(READING, GAS, 1, 0, 7, from, inTime, "source");
        _append(READING, GAS, 1, 0, 7, to - 1, inTime, "source");
        _append(STATEMENT, GAS, 3, 0, 0, to - 1, inTime, "source");
        // Of what claims no time the arrival counts.
        _append(READING, GAS, 1, 0, 7, 0, to - 1, "source");
        _append(READING, GAS, 1, 0, 7, 0, to, "source");
        Report memory report = _honest(_cover, 1);
        _post(report);
        bytes[8] memory problems = [
            abi.encodeWithSelector(ReportChallenge.CountsNot.selector, NOTE),
            abi.encodeWithSelector(ReportChallenge.OutsidePeriod.selector, from - 1, from, to),
            abi.encodeWithSelector(ReportChallenge.OutsidePeriod.selector, to, from, to),
            bytes(""),
            bytes(""),
            bytes(""),
            bytes(""),
            abi.encodeWithSelector(ReportChallenge.OutsidePeriod.selector, to, from, to)
        ];
        uint256 snapshot = vm.snapshotState();
        for (uint256 k = 0; k < 8; ++k) {
            LoggedEntry memory held = _logged(i + k, _headOf(report));
            if (problems[k].length > 0) vm.expectRevert(problems[k]);
            vm.prank(HOLDER);
            _reports.challengeOutside(report, 0, held);
            if (problems[k].length == 0) _expectVoid(report, HOLDER);
            vm.revertToState(snapshot);
        }
    }

    /// @notice A tally is what the log says, to the last byte of its body, and what is in its tree.
    function test_what_is_no_tally_of_the_log_convicts_nobody() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[0].last = 11;
        _seal(report);
        _post(report);
        Head memory head = _headOf(report);
        LoggedEntry memory edge = _logged(_indexOf(GAS, 11), head);
        bytes4 not = ReportChallenge.NotATally.selector;
        Tally memory tally = _openTally(_tallies[1], 0, head);
        tally.entry = _logged(_indexOf(GAS, 12), head);
        vm.expectRevert(abi.encodeWithSelector(not, READING, 1));
        _reports.challengeEnd(report, 0, edge, tally);
        // A statement of an activity has the same sub-kind.
        tally.entry = _logged(_indexOf(STATEMENTS, 1), head);
        vm.expectRevert(abi.encodeWithSelector(not, STATEMENT, 3));
        _reports.challengeEnd(report, 0, edge, tally);
        bytes4 wrongBody = ReportChallenge.WrongTallyBody.selector;
        for (uint256 i = 0; i < 3; ++i) {
            tally = _openTally(_tallies[1], 0, head);
            if (i == 0) tally.salt = "another salt";
            if (i == 1) tally.root = "another root";
            if (i == 2) tally.channels += 1;
            vm.expectPartialRevert(wrongBody);
            _reports.challengeEnd(report, 0, edge, tally);
        }
        // The body says how far it counts: the older one at its own place, and no other.
        tally = _openTally(_tallies[1], 0, head);
        tally.entry = _logged(_tallies[0], head);
        vm.expectPartialRevert(wrongBody);
        _reports.challengeEnd(report, 0, edge, tally);
        for (uint256 i = 0; i < 3; ++i) {
            tally = _openTally(_tallies[1], 0, head);
            if (i == 0) tally.number += 1;
            if (i == 1) tally.place += 1;
            if (i == 2) tally.path[0] = "another hash";
            vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NotInTally.selector, GAS, tally.number));
            _reports.challengeEnd(report, 0, edge, tally);
        }
        tally = _openTally(_tallies[1], 0, head);
        vm.prank(HOLDER);
        _reports.challengeEnd(report, 0, edge, tally);
        _expectVoid(report, HOLDER);
    }

    function test_another_note_is_no_tally() external {
        bytes32 source = sha256("kedge/body/v1\x00");
        uint256 index = _append(NOTE, TALLIES, 2, 0, 0, 0, block.timestamp * 1000, source);
        Report memory report = _honest(_cover, 1);
        report.size = uint64(_log.length);
        report.ranges[1] = Range(1, 0);
        _seal(report);
        _post(report);
        Tally memory tally;
        tally.entry = _logged(index, _headOf(report));
        LoggedEntry memory none;
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NotATally.selector, NOTE, 2));
        _reports.challengeEnd(report, 1, none, tally);
    }

    /// @notice A tree of one's own proves whatever one likes: only what the registry has, or had when it was kept, is evidence.
    function test_nothing_under_a_head_that_nobody_anchored_is_evidence() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[0] = Range(3, 11);
        _seal(report);
        bytes32[] memory leaves = _reportLeaves(report);
        _post(report);
        vm.deal(address(this), 5 * DEMAND_STAKE);
        Tally memory tally = _openTally(_tallies[1], 0, _headOf(report));
        LoggedEntry memory edge = _logged(_indexOf(GAS, 11), _headOf(report));
        _reports.demandNumber{value: DEMAND_STAKE}(report, 0, 3);
        _reports.demandStart{value: DEMAND_STAKE}(report, 0);
        LoggedEntry memory own = _logged(_indexOf(GAS, 3), _headOf(report));
        // The registry knows the time of none, so that neither nought nor another is one.
        for (uint256 i = 0; i < 4; ++i) {
            (own.size, own.time, own.root) = (report.headSize, 0, report.root);
            if (i == 0) own.size += 1;
            if (i == 1) own.root = "another root";
            if (i == 2) own.time = 1;
            if (i == 3) (own.size, own.time) = (_early.size, _early.time);
            bytes memory not = abi.encodeWithSelector(ICarbonReports.NotAnchored.selector, _logId, own.size, own.time, own.root);
            vm.expectRevert(not);
            _reports.challengeLeaf(report, 0, own, "leaf", leaves);
            vm.expectRevert(not);
            _reports.challengeOutside(report, 0, own);
            vm.expectRevert(not);
            _reports.challengeStart(report, 0, own);
            vm.expectRevert(not);
            _reports.challengeEnd(report, 0, own, tally);
            vm.expectRevert(not);
            _reports.demandEntry{value: DEMAND_STAKE}(report, 0, own);
            vm.expectRevert(not);
            _reports.answerNumber(report, 0, own, leaves);
            vm.expectRevert(not);
            _reports.answerEdge(report, 0, DemandKind.Start, own);
            Tally memory ownTally = _openTally(_tallies[1], 0, _headOf(report));
            (ownTally.entry.size, ownTally.entry.time, ownTally.entry.root) = (own.size, own.time, own.root);
            vm.expectRevert(not);
            _reports.challengeEnd(report, 0, edge, ownTally);
            vm.expectRevert(not);
            _reports.demandEnd{value: DEMAND_STAKE}(report, 0, ownTally);
        }
    }

    /// @notice The millisecond before the period closes its beginning, and the first behind it its end.
    function test_an_edge_is_open_or_closed_to_the_millisecond() external {
        (uint256 from, uint256 to) = (uint256(FROM) * 1000, uint256(TO) * 1000);
        uint256[5] memory times = [from - 1, from, to - 1, to, to];
        // Power has four; these are the fifth to the ninth.
        for (uint256 i = 0; i < 5; ++i) {
            _append(READING, POWER, 1, 0, 7, times[i], block.timestamp * 1000, "source");
        }
        uint256 index = _tally();
        uint48[2][4] memory edges = [[uint48(5), 8], [uint48(6), 8], [uint48(5), 8], [uint48(5), 7]];
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 4; ++i) {
            Report memory report = _honest(_cover, 1);
            report.size = uint64(index);
            report.ranges[1] = Range(edges[i][0], edges[i][1]);
            _seal(report);
            _post(report);
            uint48 number = edges[i][i / 2];
            LoggedEntry memory edge = _logged(_indexOf(POWER, number), _headOf(report));
            Tally memory tally = _openTally(index, 1, _headOf(report));
            if (i == 0) vm.expectRevert(abi.encodeWithSelector(ReportChallenge.StartIsClosed.selector, 5, from - 1, from));
            if (i == 2) vm.expectRevert(abi.encodeWithSelector(ReportChallenge.EndIsClosed.selector, to, to));
            vm.prank(HOLDER);
            if (i < 2) _reports.challengeStart(report, 1, edge);
            else _reports.challengeEnd(report, 1, edge, tally);
            if (i % 2 == 1) _expectVoid(report, HOLDER);
            vm.revertToState(snapshot);
        }
    }

    /// @notice A tally that counts what came behind the covered entries says nothing of them. One that stands right behind them counts exactly these.
    function test_a_tally_of_more_than_is_covered_convicts_nobody() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[0].last = 11;
        _seal(report);
        uint256 exact = _tally();
        _reading(GAS, TO);
        uint256 more = _tally();
        _post(report);
        LoggedEntry memory edge = _logged(_indexOf(GAS, 11), _headOf(report));
        Tally memory tally = _openTally(more, 0, _headOf(report));
        bytes memory notCovered = abi.encodeWithSelector(ReportChallenge.TallyNotCovered.selector, uint64(more), report.size);
        vm.expectRevert(notCovered);
        _reports.challengeEnd(report, 0, edge, tally);
        vm.deal(address(this), DEMAND_STAKE);
        vm.expectRevert(notCovered);
        _reports.demandEnd{value: DEMAND_STAKE}(report, 0, tally);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NoSuchChannel.selector, 3, 3));
        _reports.challengeEnd(report, 3, edge, tally);
        expectUint(exact, report.size, "right behind");
        tally = _openTally(exact, 0, _headOf(report));
        vm.prank(HOLDER);
        _reports.challengeEnd(report, 0, edge, tally);
        _expectVoid(report, HOLDER);
    }

    // ---- demands ----

    function test_a_holder_who_does_not_know_the_reports_leaves_demands_and_a_false_report_has_no_answer() external {
        Report memory report = _honest(_cover, 1);
        bytes32[] memory leaves = _reportLeaves(report);
        leaves[_placeOf(report, 0, 5)] = "another leaf";
        report.entriesRoot = ReferenceTree.mth(leaves, 0, leaves.length);
        _post(report);
        LoggedEntry memory held = _logged(_indexOf(GAS, 5), _early);
        vm.deal(HOLDER, DEMAND_STAKE);
        vm.prank(HOLDER);
        bytes32 demandId = _reports.demandEntry{value: DEMAND_STAKE}(report, 0, held);
        bytes32 leaf = ReferenceTree.leaf(held.leafData);
        bytes32[] memory path = _pathIn(report, leaves, 0, 5);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.NotInReport.selector, leaf, uint64(4), uint64(leaves.length)));
        _reports.answerEntry(report, 0, 5, leaf, path);
        vm.warp(block.timestamp + ANSWER - 1);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.AnswerPending.selector, demandId, block.timestamp + 1));
        _reports.closeDemand(report, demandId);
        vm.warp(block.timestamp + 1);
        _reports.closeDemand(report, demandId);
        expectUint(_reports.creditOf(HOLDER), STAKE / 2 + DEMAND_STAKE, "the reward, and what the demand cost");
        expect(_reports.standingOf(SITE, _period).status == ReportStatus.Void, "void");
    }

    function test_an_honest_site_answers_every_demand_and_earns_their_stakes() external {
        Report memory report = _posted();
        bytes32[] memory leaves = _reportLeaves(report);
        uint256 bond = _reports.bondOf(SITE);
        LoggedEntry memory held = _logged(_indexOf(GAS, 5), _early);
        Tally memory tally = _openTally(_tallies[1], 0, _headOf(report));
        vm.deal(address(this), 4 * DEMAND_STAKE);
        _reports.demandEntry{value: DEMAND_STAKE}(report, 0, held);
        _reports.demandNumber{value: DEMAND_STAKE}(report, 1, 2);
        _reports.demandEnd{value: DEMAND_STAKE}(report, 0, tally);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.StartIsClosed.selector, uint48(1), 0, 0));
        _reports.demandStart{value: DEMAND_STAKE}(report, 0);
        // Nothing is final while a demand is open.
        vm.warp(block.timestamp + WINDOW + 1);
        expect(_reports.standingOf(SITE, _period).status == ReportStatus.Posted, "open");
        _reports.answerEntry(report, 0, 5, ReferenceTree.leaf(held.leafData), _pathIn(report, leaves, 0, 5));
        _reports.answerNumber(report, 1, _logged(_indexOf(POWER, 2), _headOf(report)), _pathIn(report, leaves, 1, 2));
        LoggedEntry memory edge = _logged(_indexOf(GAS, 12), _headOf(report));
        _reports.answerEdge(report, 0, DemandKind.End, edge);
        expectUint(_reports.bondOf(SITE), bond + 3 * DEMAND_STAKE, "the stakes of three");
        expect(_reports.standingOf(SITE, _period).status == ReportStatus.Final, "final");
    }

    function test_a_number_that_was_made_up_cannot_be_shown() external {
        Report memory report = _honest(_cover, 1);
        // The log has five of power; the sixth is invented.
        bytes32[] memory leaves = _reportLeaves(report);
        uint256 place = _placeOf(report, 1, report.ranges[1].last);
        bytes32[] memory longer = new bytes32[](leaves.length + 1);
        for (uint256 i = 0; i < longer.length; ++i) {
            longer[i] = i <= place ? leaves[i] : i == place + 1 ? bytes32("invented") : leaves[i - 1];
        }
        report.ranges[1].last += 1;
        report.entriesRoot = ReferenceTree.mth(longer, 0, longer.length);
        _post(report);
        vm.deal(HOLDER, DEMAND_STAKE);
        uint48 number = report.ranges[1].last;
        vm.prank(HOLDER);
        bytes32 demandId = _reports.demandNumber{value: DEMAND_STAKE}(report, 1, number);
        vm.warp(block.timestamp + ANSWER);
        _reports.closeDemand(report, demandId);
        expectUint(_reports.creditOf(HOLDER), STAKE / 2 + DEMAND_STAKE, "the reward, and what the demand cost");
    }

    function test_a_demand_for_an_edge_is_not_answered_by_an_edge_that_is_open() external {
        Report memory report = _honest(_cover, 1);
        report.ranges[0] = Range(3, 11);
        _seal(report);
        _post(report);
        vm.deal(address(this), 2 * DEMAND_STAKE);
        Tally memory tally = _openTally(_tallies[1], 0, _headOf(report));
        bytes32 end = _reports.demandEnd{value: DEMAND_STAKE}(report, 0, tally);
        bytes32 start = _reports.demandStart{value: DEMAND_STAKE}(report, 0);
        LoggedEntry memory last = _logged(_indexOf(GAS, 11), _headOf(report));
        LoggedEntry memory first = _logged(_indexOf(GAS, 3), _headOf(report));
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.AnswerWrong.selector, end));
        _reports.answerEdge(report, 0, DemandKind.End, last);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.AnswerWrong.selector, start));
        _reports.answerEdge(report, 0, DemandKind.Start, first);
        vm.expectRevert(abi.encodeWithSelector(ReportChallenge.WrongNumber.selector, uint48(3), uint48(11)));
        _reports.answerEdge(report, 0, DemandKind.End, first);
    }

    /// @notice The last number of a range is an edge too; what is asked of it all the same is what the report has there.
    function test_a_demand_for_an_entry_or_a_number_is_not_answered_by_an_edge() external {
        Report memory report = _honest(_cover, 1);
        bytes32[] memory leaves = _reportLeaves(report);
        leaves[_placeOf(report, 0, 12)] = "another leaf";
        report.entriesRoot = ReferenceTree.mth(leaves, 0, leaves.length);
        _post(report);
        vm.deal(HOLDER, DEMAND_STAKE);
        vm.prank(HOLDER);
        bytes32 demandId = _reports.demandNumber{value: DEMAND_STAKE}(report, 0, 12);
        LoggedEntry memory edge = _logged(_indexOf(GAS, 12), _headOf(report));
        for (uint8 kind = 0; kind < 2; ++kind) {
            vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotAnEdge.selector, kind));
            _reports.answerEdge(report, 0, DemandKind(kind), edge);
        }
        (address by,,) = _reports.demandOf(demandId);
        expect(by == HOLDER, "it is still demanded");
    }

    /// @notice Answers earn a stake: those to nothing would earn what is others'.
    function test_what_nobody_demanded_is_not_answered_and_nothing_is_answered_twice() external {
        Report memory report = _posted();
        bytes32[] memory leaves = _reportLeaves(report);
        LoggedEntry memory entry = _logged(_indexOf(GAS, 12), _headOf(report));
        bytes32[] memory path = _pathIn(report, leaves, 0, 12);
        bytes32 leaf = ReferenceTree.leaf(entry.leafData);
        bytes4 not = ICarbonReports.NotDemanded.selector;
        for (uint256 i = 0; i < 2; ++i) {
            uint256 bond = _reports.bondOf(SITE);
            vm.expectPartialRevert(not);
            _reports.answerEntry(report, 0, 12, leaf, path);
            vm.expectPartialRevert(not);
            _reports.answerNumber(report, 0, entry, path);
            vm.expectPartialRevert(not);
            _reports.answerEdge(report, 0, DemandKind.End, entry);
            vm.expectRevert(abi.encodeWithSelector(not, bytes32("none")));
            _reports.closeDemand(report, "none");
            expectUint(_reports.bondOf(SITE), bond, "nothing was earned");
            if (i == 1) break;
            vm.deal(address(this), 3 * DEMAND_STAKE);
            bytes32 demandId = _reports.demandEntry{value: DEMAND_STAKE}(report, 0, entry);
            _reports.answerEntry(report, 0, 12, leaf, path);
            vm.expectRevert(abi.encodeWithSelector(not, demandId));
            _reports.closeDemand(report, demandId);
            _reports.demandNumber{value: DEMAND_STAKE}(report, 0, 12);
            _reports.answerNumber(report, 0, entry, path);
        }
    }

    /// @notice A demand names its report: with another one nobody closes it, nor has that convicted.
    function test_a_demand_is_closed_with_the_report_that_it_is_about() external {
        Report memory first = _posted();
        vm.deal(HOLDER, 3 * DEMAND_STAKE);
        vm.prank(HOLDER);
        bytes32 demandId = _reports.demandNumber{value: DEMAND_STAKE}(first, 0, 5);
        vm.prank(HOLDER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.AlreadyDemanded.selector, demandId));
        _reports.demandNumber{value: DEMAND_STAKE}(first, 0, 5);
        vm.prank(HOLDER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.WrongStake.selector, DEMAND_STAKE - 1, DEMAND_STAKE));
        _reports.demandNumber{value: DEMAND_STAKE - 1}(first, 0, 6);
        vm.prank(REGULATOR);
        _reports.reject(SITE, _period, "no file");
        Report memory second = _honest(_cover, 2);
        _post(second);
        vm.prank(HOLDER);
        bytes32 other = _reports.demandNumber{value: DEMAND_STAKE}(second, 0, 5);
        vm.warp(block.timestamp + ANSWER);
        bytes memory notTheReport =
            abi.encodeWithSelector(ICarbonReports.NotTheReport.selector, keccak256(abi.encode(second)), keccak256(abi.encode(first)));
        vm.expectRevert(notTheReport);
        _reports.closeDemand(second, demandId);
        // The answer to the first report's demand leaves the second's open.
        bytes32[] memory path = _pathIn(first, _reportLeaves(first), 0, 5);
        _reports.answerNumber(first, 0, _logged(_indexOf(GAS, 5), _headOf(first)), path);
        expectUint(_reports.standingOf(SITE, _period).openDemands, 1, "one is open");
        _reports.closeDemand(second, other);
        _expectVoid2(second);
    }

    function _expectVoid2(Report memory report) private view {
        ReportStanding memory standing = _reports.standingOf(SITE, _period);
        expect(standing.status == ReportStatus.Void && standing.openDemands == 0, "void");
        expectBytes32(standing.reportHash, keccak256(abi.encode(report)), "of that report");
        expectUint(_reports.creditOf(HOLDER), STAKE / 2 + DEMAND_STAKE, "the reward, and what the demand cost");
    }

    function test_what_is_paid_is_paid_once() external {
        Report memory report = _posted();
        vm.expectPartialRevert(ICarbonReports.NotFinal.selector);
        _reports.returnStake(SITE, _period);
        vm.deal(HOLDER, 2 * DEMAND_STAKE);
        vm.startPrank(HOLDER);
        bytes32 closed = _reports.demandNumber{value: DEMAND_STAKE}(report, 0, 5);
        _reports.demandNumber{value: DEMAND_STAKE}(report, 0, 6);
        vm.stopPrank();
        vm.prank(REGULATOR);
        _reports.reject(SITE, _period, "no file");
        expectUint(_reports.bondOf(SITE), 5 ether, "the stake is back");
        vm.expectPartialRevert(ICarbonReports.NotFinal.selector);
        _reports.returnStake(SITE, _period);
        // The report is void: the demander need not wait, and the site may answer all the same.
        _reports.closeDemand(report, closed);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotDemanded.selector, closed));
        _reports.closeDemand(report, closed);
        bytes32[] memory path = _pathIn(report, _reportLeaves(report), 0, 6);
        _reports.answerNumber(report, 0, _logged(_indexOf(GAS, 6), _headOf(report)), path);
        expectUint(_reports.bondOf(SITE), 5 ether + DEMAND_STAKE, "the answer's");
        vm.startPrank(HOLDER);
        _reports.withdrawCredit(DEMAND_STAKE, HOLDER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.CreditTooSmall.selector, HOLDER, 1, 0));
        _reports.withdrawCredit(1, HOLDER);
        vm.stopPrank();
        expectUint(address(_reports).balance, 5 ether + DEMAND_STAKE, "what is the site's");
    }

    function test_demands_about_a_report_that_is_void_cost_nothing() external {
        Report memory report = _posted();
        vm.deal(HOLDER, DEMAND_STAKE);
        vm.prank(HOLDER);
        bytes32 demandId = _reports.demandNumber{value: DEMAND_STAKE}(report, 0, 5);
        vm.prank(REGULATOR);
        _reports.reject(SITE, _period, "no file");
        Report memory second = _honest(_cover, 2);
        _post(second);
        _reports.closeDemand(report, demandId);
        expectUint(_reports.creditOf(HOLDER), DEMAND_STAKE, "it comes back");
        ReportStanding memory standing = _reports.standingOf(SITE, _period);
        expect(standing.status == ReportStatus.Posted && standing.openDemands == 0, "the second report is untouched");
    }

    // ---- who may, and when ----

    function test_a_plan_stands_once_the_period_has_begun() external {
        Plan memory plan = _plan();
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.PlanStands.selector, keccak256(abi.encode(plan.subjects))));
        _reports.registerPlan(SITE, _period, plan);
        vm.prank(REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.PlanStands.selector, keccak256(abi.encode(plan.subjects))));
        _reports.registerPlan(SITE, _period, plan);
    }

    function test_a_site_without_a_plan_gets_one_from_the_regulator_alone() external {
        vm.startPrank(REGULATOR);
        _allowances.registerSite("mill", address(0x3111));
        vm.stopPrank();
        Plan memory plan = _plan();
        vm.prank(address(0x3111));
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotRegulator.selector, address(0x3111), REGULATOR));
        _reports.registerPlan("mill", _period, plan);
        vm.prank(REGULATOR);
        _reports.registerPlan("mill", _period, plan);
        (bytes32 logId, bytes32 statements, bytes32 subjectsHash) = _reports.planOf("mill", _period);
        expectBytes32(logId, _logId, "log");
        expectBytes32(statements, STATEMENTS, "statements");
        expectBytes32(subjectsHash, keccak256(abi.encode(plan.subjects)), "subjects");
    }

    function test_nobody_but_the_site_says_its_plan_before_the_period_and_the_site_as_often_as_it_likes() external {
        vm.warp(FROM - 1);
        Plan memory plan = _plan();
        address[2] memory others = [STRANGER, REGULATOR];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotSiteAccount.selector, others[i], OPERATOR));
            _reports.registerPlan(SITE, _period, plan);
        }
        plan.statements = GAS;
        vm.prank(OPERATOR);
        _reports.registerPlan(SITE, _period, plan);
        (, bytes32 statements,) = _reports.planOf(SITE, _period);
        expectBytes32(statements, GAS, "another plan");
        vm.warp(FROM);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.PlanStands.selector, keccak256(abi.encode(plan.subjects))));
        _reports.registerPlan(SITE, _period, plan);
    }

    function test_a_plan_is_sorted_and_neither_empty_nor_endless() external {
        vm.warp(START);
        Plan memory plan = _plan();
        plan.subjects[1] = GAS;
        vm.startPrank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.PlanNotSorted.selector, 1));
        _reports.registerPlan(SITE, _period, plan);
        plan.subjects = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.EmptyPlan.selector));
        _reports.registerPlan(SITE, _period, plan);
        plan.subjects = new bytes32[](65);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.PlanTooLong.selector, 65, 64));
        _reports.registerPlan(SITE, _period, plan);
        plan.subjects = new bytes32[](64);
        for (uint256 i = 0; i < 64; ++i) {
            plan.subjects[i] = bytes32(i);
        }
        _reports.registerPlan(SITE, _period, plan);
        plan.subjects = new bytes32[](1);
        _reports.registerPlan(SITE, _period, plan);
        vm.stopPrank();
    }

    function _expectNotPosted(Report memory report, bytes memory problem) private {
        LoggedEntry memory statement = _state(report, TO);
        vm.prank(OPERATOR);
        vm.expectRevert(problem);
        _reports.postReport(report, statement);
    }

    function test_a_report_that_is_not_of_the_plan_or_the_log_is_not_posted() external {
        Report memory report = _honest(_cover, 5);
        report.logId = "another log";
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.WrongLog.selector, report.logId, _logId));
        report = _honest(_cover, 5);
        report.subjects[1] = bytes32(uint256(POWER) + 1);
        _expectNotPosted(
            report,
            abi.encodeWithSelector(
                ICarbonReports.WrongPlan.selector, keccak256(abi.encode(report.subjects)), keccak256(abi.encode(_plan().subjects))
            )
        );
        report = _honest(_cover, 5);
        report.ranges = new Range[](2);
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.WrongRangeCount.selector, 2, 3));
        report = _honest(_cover, 5);
        report.ranges[1] = Range(2, 1);
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.BadRange.selector, 1, uint48(2), uint48(1)));
        report.ranges[1] = Range(0, 0);
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.BadRange.selector, 1, uint48(0), uint48(0)));
        report.ranges[1] = Range(0, 1);
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.BadRange.selector, 1, uint48(0), uint48(1)));
        report.ranges[1] = Range(1, uint48(report.size) + 1);
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.BadRange.selector, 1, uint48(1), uint48(report.size) + 1));
        report = _honest(_cover, 5);
        report = _honest(_cover, 5);
        report.attempt = 2;
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.WrongAttempt.selector, 2, 1));
        vm.warp(REPORT_BY);
        report.attempt = 1;
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.TooLate.selector, REPORT_BY));
    }

    function test_a_total_that_the_log_does_not_state_is_not_posted() external {
        uint256 total = 5;
        Report memory report = _honest(_cover, total);
        uint256[9] memory wrong = [
            _statement(6, TO),
            _append(STATEMENT, STATEMENTS, 4, 0, -5, uint256(TO) * 1000, block.timestamp * 1000, "body"),
            _statement(total, TO - 1),
            _append(STATEMENT, STATEMENTS, 4, 0, 5, 0, block.timestamp * 1000, "body"),
            _append(STATEMENT, GAS, 4, 0, 5, uint256(TO) * 1000, block.timestamp * 1000, "body"),
            _append(STATEMENT, STATEMENTS, 3, 0, 5, uint256(TO) * 1000, block.timestamp * 1000, "body"),
            _append(READING, STATEMENTS, 4, 0, 5, uint256(TO) * 1000, block.timestamp * 1000, "body"),
            _append(STATEMENT, STATEMENTS, 4, 1, 5, uint256(TO) * 1000, block.timestamp * 1000, "body"),
            _statement(total, TO)
        ];
        // The last one is 5 · 10^3: the exponent lies behind kind, version, salt, subject and quantity.
        _log[wrong[8]].data[52] = 0x03;
        uint256 good = _statement(total, TO);
        Head memory head = _anchor();
        (report.headSize, report.root) = (head.size, head.root);
        bytes4 not = ICarbonReports.NotTheStatement.selector;
        bytes[9] memory problems = [
            abi.encodeWithSelector(ICarbonReports.TotalNotStated.selector, total, int64(6)),
            abi.encodeWithSelector(ICarbonReports.TotalNotStated.selector, total, int64(-5)),
            abi.encodeWithSelector(ICarbonReports.NotOfPeriod.selector, (uint256(TO) - 1) * 1000, uint256(TO) * 1000),
            abi.encodeWithSelector(ICarbonReports.NotOfPeriod.selector, 0, uint256(TO) * 1000),
            abi.encodeWithSelector(not, 8, 4, GAS, wrong[4]),
            abi.encodeWithSelector(not, 8, 3, STATEMENTS, wrong[5]),
            abi.encodeWithSelector(not, 1, 4, STATEMENTS, wrong[6]),
            abi.encodeWithSelector(not, 8, 4, STATEMENTS, wrong[7]),
            abi.encodeWithSelector(not, 8, 4, STATEMENTS, wrong[8])
        ];
        for (uint256 i = 0; i < 9; ++i) {
            _refuseStatement(report, _logged(wrong[i], head), problems[i]);
        }
        // Minus five is no amount of 2^64 - 5.
        report.totalMg = uint256(type(uint64).max) - 4;
        _refuseStatement(
            report, _logged(wrong[1], head), abi.encodeWithSelector(ICarbonReports.TotalNotStated.selector, report.totalMg, int64(-5))
        );
        report.totalMg = total;
        // A report covers nothing that came behind its statement.
        report.size = uint64(good) + 1;
        _refuseStatement(report, _logged(good, head), abi.encodeWithSelector(not, 8, 4, STATEMENTS, good));
        report.size = _cover.size;
        LoggedEntry memory logged = _logged(good, head);
        vm.prank(OPERATOR);
        _reports.postReport(report, logged);
        // The very same statement again, after a rejection.
        vm.prank(REGULATOR);
        _reports.reject(SITE, _period, 0);
        report.attempt = 2;
        _refuseStatement(report, logged, abi.encodeWithSelector(ICarbonReports.StatementUsed.selector, _logId, uint64(good)));
    }

    /// @notice A site that has named another's log and statements in its plan does not keep the other from reporting.
    function test_nobody_uses_up_the_statement_of_another_site() external {
        address miller = address(0x3111);
        vm.startPrank(REGULATOR);
        _allowances.registerSite("mill", miller);
        _reports.registerPlan("mill", _period, _plan());
        vm.stopPrank();
        vm.deal(address(this), STAKE);
        _reports.fundBond{value: STAKE}("mill");
        Report memory report = _honest(_cover, 5);
        LoggedEntry memory statement = _state(report, TO);
        Report memory theirs = abi.decode(abi.encode(report), (Report));
        theirs.siteId = "mill";
        vm.prank(miller);
        _reports.postReport(theirs, statement);
        vm.prank(OPERATOR);
        _reports.postReport(report, statement);
        expect(_reports.standingOf(SITE, _period).status == ReportStatus.Posted, "posted");
    }

    function test_demands_cost_something() external {
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NoDemandStake.selector));
        new CarbonReports(_allowances, _registry, 0);
        // And no more than bonds hold.
        uint256 most = type(uint64).max;
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.AmountTooLarge.selector, most + 1, most));
        new CarbonReports(_allowances, _registry, most + 1);
        new CarbonReports(_allowances, _registry, most);
    }

    function test_a_statement_under_a_head_that_is_not_anchored_or_too_early_is_not_posted() external {
        Report memory report = _honest(_cover, 5);
        LoggedEntry memory logged = _state(report, TO);
        report.headSize += 1;
        _refuseStatement(report, logged, abi.encodeWithSelector(ICarbonReports.WrongHead.selector, report.headSize, report.root));
        report.headSize -= 1;
        report.root = "another root";
        _refuseStatement(report, logged, abi.encodeWithSelector(ICarbonReports.WrongHead.selector, report.headSize, report.root));
        logged.root = report.root;
        _refuseStatement(
            report, logged, abi.encodeWithSelector(ICarbonReports.NotAnchored.selector, _logId, logged.size, logged.time, logged.root)
        );
        logged.time = COVER_FROM - 1;
        _refuseStatement(report, logged, abi.encodeWithSelector(ICarbonReports.AnchoredTooEarly.selector, COVER_FROM - 1, COVER_FROM));
    }

    function _refuseStatement(Report memory report, LoggedEntry memory logged, bytes memory problem) private {
        vm.prank(OPERATOR);
        vm.expectRevert(problem);
        _reports.postReport(report, logged);
    }

    function test_a_total_may_be_nothing_and_not_more_than_the_world_has() external {
        Report memory report = _honest(_cover, 0);
        _post(report);
        vm.prank(REGULATOR);
        _reports.reject(SITE, _period, 0);
        vm.warp(REPORT_BY);
        vm.startPrank(REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.AmountTooLarge.selector, 1e24 + 1, 1e24));
        _reports.determine(SITE, _period, 1e24 + 1, 0);
        _reports.determine(SITE, _period, 1e24, 0);
        vm.stopPrank();
        (, uint256 totalMg) = _reports.totalOf(SITE, _period);
        expectUint(totalMg, 1e24, "determined");
    }

    function test_only_the_site_reports_and_not_while_a_report_stands() external {
        Report memory report = _honest(_cover, 5);
        LoggedEntry memory statement = _state(report, TO);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotSiteAccount.selector, STRANGER, OPERATOR));
        _reports.postReport(report, statement);
        vm.prank(OPERATOR);
        _reports.postReport(report, statement);
        report = _honest(_cover, 6);
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.CannotReport.selector, ReportStatus.Posted, 1));
        vm.warp(REPORT_BY - 1 + WINDOW);
        vm.prank(REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.CannotReport.selector, ReportStatus.Final, 1));
        _reports.determine(SITE, _period, 1, 0);
    }

    function test_an_unknown_site_has_no_plan_no_bond_and_no_total() external {
        bytes memory unknown = abi.encodeWithSelector(ICarbonAllowance.UnknownSite.selector, bytes32("nobody"));
        Plan memory plan = _plan();
        vm.startPrank(REGULATOR);
        vm.expectRevert(unknown);
        _reports.registerPlan("nobody", _period, plan);
        vm.warp(REPORT_BY);
        vm.expectRevert(unknown);
        _reports.determine("nobody", _period, 1, 0);
        vm.stopPrank();
        vm.deal(address(this), 1);
        vm.expectRevert(unknown);
        _reports.fundBond{value: 1}("nobody");
    }

    function test_two_attempts_and_then_the_regulator_determines() external {
        for (uint256 i = 0; i < 2; ++i) {
            Report memory report = _honest(_cover, 5 + i);
            vm.warp(block.timestamp + 1);
            _post(report);
            vm.prank(REGULATOR);
            _reports.reject(SITE, _period, "no file");
        }
        expectUint(_reports.bondOf(SITE), 5 ether, "a rejection costs nothing");
        Report memory third = _honest(_cover, 9);
        _expectNotPosted(third, abi.encodeWithSelector(ICarbonReports.CannotReport.selector, ReportStatus.Void, 2));
        vm.prank(REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.TooEarly.selector, REPORT_BY));
        _reports.determine(SITE, _period, 77, "estimate");
        vm.warp(REPORT_BY);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotRegulator.selector, address(this), REGULATOR));
        _reports.determine(SITE, _period, 77, "estimate");
        vm.prank(REGULATOR);
        _reports.determine(SITE, _period, 77, "estimate");
        (bool isSettled, uint256 totalMg) = _reports.totalOf(SITE, _period);
        expect(isSettled && totalMg == 77, "determined");
        vm.prank(REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.CannotReport.selector, ReportStatus.Determined, 2));
        _reports.determine(SITE, _period, 78, "estimate");
    }

    function test_a_final_report_is_touched_by_nobody() external {
        Report memory report = _posted();
        vm.warp(block.timestamp + WINDOW);
        LoggedEntry memory entry = _logged(_indexOf(GAS, 5), _early);
        bytes memory closed = abi.encodeWithSelector(ICarbonReports.NotOpenToChallenge.selector, ReportStatus.Final, block.timestamp);
        vm.expectRevert(closed);
        _reports.challengeOutside(report, 0, entry);
        vm.deal(address(this), DEMAND_STAKE);
        vm.expectRevert(closed);
        _reports.demandEntry{value: DEMAND_STAKE}(report, 0, entry);
        vm.startPrank(REGULATOR);
        vm.expectRevert(closed);
        _reports.reject(SITE, _period, 0);
        vm.warp(REPORT_BY + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.CannotReport.selector, ReportStatus.Final, 1));
        _reports.determine(SITE, _period, 1, 0);
        vm.stopPrank();
    }

    /// @notice Else a challenge within the window would take away the total that the regulator has set meanwhile.
    function test_a_report_that_is_void_is_not_challenged_any_more() external {
        vm.warp(REPORT_BY - 1);
        Report memory report = _honest(_cover, 1);
        report.ranges[0].last = 4;
        _seal(report);
        _post(report);
        vm.prank(REGULATOR);
        _reports.reject(SITE, _period, "no file");
        LoggedEntry memory held = _logged(_indexOf(GAS, 5), _early);
        uint256 endsAt = block.timestamp + WINDOW;
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotOpenToChallenge.selector, ReportStatus.Void, endsAt));
        _reports.challengeOutside(report, 0, held);
        vm.warp(REPORT_BY);
        vm.prank(REGULATOR);
        _reports.determine(SITE, _period, 77, "estimate");
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotOpenToChallenge.selector, ReportStatus.Determined, endsAt));
        _reports.challengeOutside(report, 0, held);
        (bool isSettled, uint256 totalMg) = _reports.totalOf(SITE, _period);
        expect(isSettled && totalMg == 77, "it stands");
    }

    function test_another_report_than_the_posted_one_is_not_what_is_challenged() external {
        Report memory report = _posted();
        bytes32 posted = keccak256(abi.encode(report));
        report.ranges[0].last = 4;
        LoggedEntry memory entry = _logged(_indexOf(GAS, 5), _early);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotTheReport.selector, keccak256(abi.encode(report)), posted));
        _reports.challengeOutside(report, 0, entry);
    }

    /// @notice The registry forgets a head after 512 others; who holds a receipt under it keeps it here before.
    function test_a_head_that_was_kept_outlives_the_registrys_ring() external {
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotAnchored.selector, _logId, _early.size, _early.time + 1, _early.root));
        _reports.keepHead(_logId, _early.size, _early.time + 1, _early.root);
        _reports.keepHead(_logId, _early.size, _early.time, _early.root);
        Report memory report = _honest(_cover, 1);
        report.ranges[0].last = 4;
        _seal(report);
        _post(report);
        // As if 512 anchors had come.
        vm.mockCall(
            address(_registry),
            abi.encodeWithSignature("isAnchored(bytes32,uint64,uint64,bytes32)", _logId, _early.size, _early.time, _early.root),
            abi.encode(false)
        );
        LoggedEntry memory held = _logged(_indexOf(GAS, 5), _early);
        vm.prank(HOLDER);
        _reports.challengeOutside(report, 0, held);
        _expectVoid(report, HOLDER);
    }

    function test_the_bond_is_the_sites_and_what_is_at_stake_is_not_in_it() external {
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.NotSiteAccount.selector, address(this), OPERATOR));
        _reports.withdrawBond(SITE, 1, address(this));
        vm.prank(OPERATOR);
        _reports.withdrawBond(SITE, 4.5 ether, OPERATOR);
        expectUint(OPERATOR.balance, 4.5 ether, "paid");
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.BondTooSmall.selector, SITE, 0.5 ether, 0.5 ether + 1));
        _reports.withdrawBond(SITE, 0.5 ether + 1, OPERATOR);
        // What cannot be paid stays.
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.PaymentFailed.selector, address(_registry), 1));
        _reports.withdrawBond(SITE, 1, address(_registry));
        uint256 whole = vm.snapshotState();
        vm.prank(OPERATOR);
        _reports.withdrawBond(SITE, 0.5 ether, OPERATOR);
        vm.revertToState(whole);
        Report memory report = _honest(_cover, 1);
        _expectNotPosted(report, abi.encodeWithSelector(ICarbonReports.BondTooSmall.selector, SITE, 0.5 ether, STAKE));
        vm.deal(STRANGER, 0.5 ether);
        vm.prank(STRANGER);
        _reports.fundBond{value: 0.5 ether}(SITE);
        _post(report);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.BondTooSmall.selector, SITE, 0, 1));
        _reports.withdrawBond(SITE, 1, OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonReports.CreditTooSmall.selector, address(this), 1, 0));
        _reports.withdrawCredit(1, address(this));
    }
}
