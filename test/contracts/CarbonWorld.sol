// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {CarbonAllowance} from "../../contracts/CarbonAllowance.sol";
import {CarbonReports} from "../../contracts/CarbonReports.sol";
import {IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {Period} from "../../contracts/ICarbonAllowance.sol";
import {ICarbonReports, LoggedEntry, Plan, Range, Report, Tally} from "../../contracts/ICarbonReports.sol";
import {Check} from "./Check.sol";
import {ReferenceTree} from "./ReferenceTree.sol";

/// @notice An entry of the test's log, with what a test looks for.
struct Logged {
    bytes data;
    uint8 kind;
    bytes32 subject;
    uint48 number;
    uint256 timeMs;
}

struct Head {
    uint64 size;
    uint64 time;
    bytes32 root;
}

/// @notice A regulator, a site with a log of its own that tests write, and one period. The log is in memory, its trees are those of the RFC word by word.
abstract contract CarbonWorld is Check {
    uint40 internal constant START = 1_800_000_000;
    uint40 internal constant FROM = START + 1 days;
    uint40 internal constant TO = START + 11 days;
    uint40 internal constant COVER_FROM = START + 12 days;
    uint40 internal constant REPORT_BY = START + 20 days;
    uint40 internal constant SURRENDER_BY = START + 60 days;
    uint32 internal constant WINDOW = 10 days;
    uint24 internal constant ANSWER = 2 days;
    uint96 internal constant STAKE = 1 ether;
    uint256 internal constant DEMAND_STAKE = 0.01 ether;

    address internal constant REGULATOR = address(0x4e6);
    address internal constant OPERATOR = address(0x51e);
    address internal constant HOLDER = address(0x401d);
    address internal constant STRANGER = address(0x574a);
    bytes32 internal constant SITE = keccak256("urn:kedge:site:kiln");

    // In the order of a plan.
    bytes32 internal constant GAS = bytes32(uint256(0x11) << 248);
    bytes32 internal constant POWER = bytes32(uint256(0x22) << 248);
    bytes32 internal constant STATEMENTS = bytes32(uint256(0x33) << 248);
    bytes32 internal constant TALLIES = bytes32(uint256(0x44) << 248);

    uint8 internal constant READING = 1;
    uint8 internal constant NOTE = 2;
    uint8 internal constant STATEMENT = 8;
    uint24 internal constant CLOCK_UNSYNCHRONISED = 1 << 3;

    IAnchorRegistry internal _registry;
    CarbonAllowance internal _allowances;
    CarbonReports internal _reports;
    uint256 internal _period;
    bytes32 internal _logId;

    Logged[] internal _log;
    mapping(bytes32 subject => uint48) internal _newest;
    /// @dev Where a tally stands, what it says.
    mapping(uint256 index => uint48[3]) internal _tallied;
    uint256[] internal _tallies;
    Head[] internal _heads;

    function _build() internal {
        vm.warp(START);
        _registry = new AnchorRegistry(0);
        address reports = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        _allowances = new CarbonAllowance(ICarbonReports(reports), REGULATOR);
        _reports = new CarbonReports(_allowances, _registry, DEMAND_STAKE);
        vm.prank(OPERATOR);
        _logId = _registry.open("log of the kiln");
        vm.startPrank(REGULATOR);
        _allowances.registerSite(SITE, OPERATOR);
        _period = _allowances.openPeriod(_dates());
        vm.stopPrank();
        vm.prank(OPERATOR);
        _reports.registerPlan(SITE, _period, _plan());
        vm.deal(address(this), 5 ether);
        _reports.fundBond{value: 5 ether}(SITE);
    }

    function _dates() internal pure returns (Period memory) {
        return Period(FROM, TO, COVER_FROM, REPORT_BY, SURRENDER_BY, WINDOW, ANSWER, STAKE);
    }

    function _plan() internal view returns (Plan memory plan) {
        plan.logId = _logId;
        plan.statements = STATEMENTS;
        plan.subjects = new bytes32[](3);
        (plan.subjects[0], plan.subjects[1], plan.subjects[2]) = (GAS, POWER, STATEMENTS);
    }

    // ---- the log ----

    function _append(
        uint8 kind,
        bytes32 subject,
        uint16 quantity,
        uint24 quality,
        int64 value,
        uint256 measuredMs,
        uint256 arrivedMs,
        bytes32 source
    ) internal returns (uint256 index) {
        uint48 number = ++_newest[subject];
        bytes memory head =
            abi.encodePacked(kind, uint8(1), bytes16(keccak256(abi.encode("salt", _log.length))), subject, quantity, int8(0), quality);
        bytes memory data = bytes.concat(head, abi.encodePacked(value, uint48(measuredMs), uint48(arrivedMs), number, uint32(0), source));
        index = _log.length;
        _log.push(Logged(data, kind, subject, number, measuredMs == 0 ? arrivedMs : measuredMs));
    }

    function _reading(bytes32 subject, uint256 measuredS) internal returns (uint256) {
        return _append(READING, subject, 1, 0, 7, measuredS * 1000, measuredS * 1000 + 5, "source");
    }

    function _statement(uint256 totalMg, uint256 to) internal returns (uint256) {
        return _append(STATEMENT, STATEMENTS, 4, 0, int64(int256(totalMg)), to * 1000, block.timestamp * 1000, "body");
    }

    function _statement(uint256 totalMg) internal returns (uint256) {
        return _statement(totalMg, TO);
    }

    /// @dev Says what the three subjects of the plan came to.
    function _tally() internal returns (uint256 index) {
        index = _log.length;
        uint48[3] memory numbers = [_newest[GAS], _newest[POWER], _newest[STATEMENTS]];
        (bytes32 root, uint64 channels) = _tallyRoot(numbers);
        bytes memory body = bytes.concat(
            '{"note":"tally","size":',
            bytes(vm.toString(index)),
            ',"channels":',
            bytes(vm.toString(channels)),
            ',"root":"',
            _base64(root),
            '"}'
        );
        bytes32 source = sha256(bytes.concat("kedge/body/v1\x00", bytes16("tally salt"), body));
        _append(NOTE, TALLIES, 3, 0, 0, 0, block.timestamp * 1000, source);
        _tallied[index] = numbers;
        _tallies.push(index);
    }

    function _tallyLeaves(uint48[3] memory numbers) private pure returns (bytes32[] memory leaves) {
        bytes32[3] memory subjects = [GAS, POWER, STATEMENTS];
        uint256 count;
        for (uint256 i = 0; i < 3; ++i) {
            if (numbers[i] > 0) ++count;
        }
        leaves = new bytes32[](count);
        count = 0;
        for (uint256 i = 0; i < 3; ++i) {
            if (numbers[i] == 0) continue;
            leaves[count++] = ReferenceTree.leaf(bytes.concat("kedge/tally/v1\x00", subjects[i], bytes6(numbers[i])));
        }
    }

    function _tallyRoot(uint48[3] memory numbers) private pure returns (bytes32, uint64) {
        bytes32[] memory leaves = _tallyLeaves(numbers);
        return (ReferenceTree.mth(leaves, 0, leaves.length), uint64(leaves.length));
    }

    /// @dev The tally opened for a subject of the plan that it has.
    function _openTally(uint256 index, uint256 channel, Head memory head) internal view returns (Tally memory tally) {
        uint48[3] memory numbers = _tallied[index];
        bytes32[] memory leaves = _tallyLeaves(numbers);
        tally.entry = _logged(index, head);
        tally.salt = bytes16("tally salt");
        (tally.root, tally.channels) = _tallyRoot(numbers);
        tally.number = numbers[channel];
        for (uint256 i = 0; i < channel; ++i) {
            if (numbers[i] > 0) ++tally.place;
        }
        tally.path = tally.number == 0 ? new bytes32[](0) : ReferenceTree.path(tally.place, leaves, 0, leaves.length);
    }

    function _base64(bytes32 word) private pure returns (bytes memory text) {
        bytes memory letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        text = new bytes(44);
        // 256 bits and two of nothing are 43 letters of six.
        for (uint256 i = 0; i < 43; ++i) {
            uint256 six = i < 42 ? (uint256(word) >> (250 - 6 * i)) & 63 : (uint256(word) << 2) & 63;
            text[i] = letters[six];
        }
        text[43] = "=";
    }

    function _leaves(uint256 size) internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            leaves[i] = ReferenceTree.leaf(_log[i].data);
        }
    }

    /// @dev Anchors what the log has now.
    function _anchor() internal returns (Head memory head) {
        uint256 size = _log.length;
        bytes32[] memory leaves = _leaves(size);
        bytes32[] memory proof = new bytes32[](0);
        if (_heads.length > 0) proof = ReferenceTree.subproof(_heads[_heads.length - 1].size, leaves, 0, size, true);
        head = Head(uint64(size), uint64(block.timestamp), ReferenceTree.mth(leaves, 0, size));
        vm.prank(OPERATOR);
        _registry.anchor(_logId, head.size, head.root, proof);
        _heads.push(head);
    }

    function _logged(uint256 index, Head memory head) internal view returns (LoggedEntry memory) {
        bytes32[] memory path = ReferenceTree.path(index, _leaves(head.size), 0, head.size);
        return LoggedEntry(head.size, head.time, head.root, uint64(index), _log[index].data, path);
    }

    // ---- reports ----

    /// @dev Whether an entry of the plan counts in the period.
    function _counts(Logged memory entry) internal pure returns (bool) {
        return
            (entry.kind == READING || entry.kind == STATEMENT) && entry.timeMs >= uint256(FROM) * 1000 && entry.timeMs < uint256(TO) * 1000;
    }

    /// @dev The rule of ICarbonReports, number by number.
    function _honestRange(bytes32 subject, uint256 size) internal view returns (Range memory range) {
        (uint48 last, uint48 least, uint48 most) = (0, type(uint48).max, 0);
        for (uint256 i = 0; i < size; ++i) {
            if (_log[i].subject != subject) continue;
            last = _log[i].number;
            if (!_counts(_log[i])) continue;
            if (least > last) least = last;
            most = last;
        }
        if (last == 0) return Range(1, 0);
        range = Range(1, last);
        for (uint256 i = size; i > 0; --i) {
            Logged memory entry = _log[i - 1];
            if (entry.subject == subject && entry.number >= most && entry.timeMs >= uint256(TO) * 1000) range.last = entry.number;
        }
        for (uint256 i = 0; i < size; ++i) {
            Logged memory entry = _log[i];
            bool isBefore = entry.subject == subject && entry.number <= least && entry.number <= range.last;
            if (isBefore && entry.timeMs < uint256(FROM) * 1000) range.first = entry.number;
        }
    }

    function _indexOf(bytes32 subject, uint48 number) internal view returns (uint256) {
        for (uint256 i = 0; i < _log.length; ++i) {
            if (_log[i].subject == subject && _log[i].number == number) return i;
        }
        revert Expected("an entry of that number");
    }

    /// @dev The leaves of a report with these ranges.
    function _reportLeaves(Report memory report) internal view returns (bytes32[] memory leaves) {
        uint256 count;
        for (uint256 c = 0; c < report.ranges.length; ++c) {
            count += uint256(report.ranges[c].last) + 1 - report.ranges[c].first;
        }
        leaves = new bytes32[](count);
        count = 0;
        for (uint256 c = 0; c < report.ranges.length; ++c) {
            for (uint48 n = report.ranges[c].first; n <= report.ranges[c].last; ++n) {
                leaves[count++] = ReferenceTree.leaf(_log[_indexOf(report.subjects[c], n)].data);
            }
        }
    }

    function _placeOf(Report memory report, uint256 channel, uint48 number) internal pure returns (uint256 place) {
        for (uint256 c = 0; c < channel; ++c) {
            place += uint256(report.ranges[c].last) + 1 - report.ranges[c].first;
        }
        place += number - report.ranges[channel].first;
    }

    function _pathIn(Report memory report, bytes32[] memory leaves, uint256 channel, uint48 number)
        internal
        pure
        returns (bytes32[] memory)
    {
        return ReferenceTree.path(_placeOf(report, channel, number), leaves, 0, leaves.length);
    }

    function _honest(Head memory head, uint256 totalMg) internal view returns (Report memory report) {
        report.siteId = SITE;
        report.period = _period;
        report.attempt = _reports.standingOf(SITE, _period).attempts + 1;
        report.logId = _logId;
        report.size = head.size;
        report.totalMg = totalMg;
        report.subjects = _plan().subjects;
        report.ranges = new Range[](3);
        for (uint256 c = 0; c < 3; ++c) {
            report.ranges[c] = _honestRange(report.subjects[c], head.size);
        }
        _seal(report);
    }

    function _seal(Report memory report) internal view {
        bytes32[] memory leaves = _reportLeaves(report);
        report.entriesRoot = ReferenceTree.mth(leaves, 0, leaves.length);
    }

    /// @dev States the total in the log, and anchors that: the report's head.
    function _state(Report memory report, uint256 to) internal returns (LoggedEntry memory) {
        uint256 statement = _statement(report.totalMg, to);
        Head memory head = _anchor();
        (report.headSize, report.root) = (head.size, head.root);
        return _logged(statement, head);
    }

    function _post(Report memory report) internal {
        LoggedEntry memory statement = _state(report, TO);
        vm.prank(OPERATOR);
        _reports.postReport(report, statement);
    }

    /// @dev The report's head, as evidence names it.
    function _headOf(Report memory report) internal pure returns (Head memory) {
        return Head(report.headSize, 0, report.root);
    }
}
