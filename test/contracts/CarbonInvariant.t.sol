// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ICarbonAllowance, Period, Standing} from "../../contracts/ICarbonAllowance.sol";
import {ICarbonReports, LoggedEntry, Range, Report, ReportStanding, ReportStatus} from "../../contracts/ICarbonReports.sol";
import {CarbonWorld, Head} from "./CarbonWorld.sol";
import {ReferenceTree} from "./ReferenceTree.sol";

/// @notice Lives through three periods with three sites in whatever order the fuzzer likes: honest reports and false ones, challenges, demands, surrenders, sales. Keeps its own books for the invariants to be held against.
contract CarbonHandler is CarbonWorld {
    uint256 internal constant SITES = 3;
    uint256 internal constant PERIODS = 3;
    uint256 internal constant DAYS = 30;

    address[5] public holders = [address(0x1001), address(0x1002), address(0x1003), HOLDER, STRANGER];
    uint256[] public periods;
    /// @dev ABI-encoded.
    mapping(bytes32 site => mapping(uint256 period => bytes)) internal _posted;
    mapping(bytes32 site => mapping(uint256 period => bool)) public isFalse;
    mapping(bytes32 site => mapping(uint256 period => bytes32)) internal _demandId;
    mapping(bytes32 site => mapping(uint256 period => uint256)) public settledMg;
    mapping(bytes32 site => mapping(uint256 period => bool)) public isSettled;
    mapping(bytes32 site => mapping(uint256 period => uint256)) public surrenderedMg;
    mapping(uint256 period => uint256) public issuedMg;
    mapping(uint256 period => uint256) public retiredMg;
    uint256 public openDemands;
    mapping(bytes32 action => uint256) public done;
    /// @dev The first promise that was seen broken in the middle of an action.
    string public broken;

    constructor() {
        _build();
        // One period is there; its log has one reading a day in each, and one before and behind.
        for (uint256 day = 0; day <= DAYS * PERIODS; ++day) {
            _reading(GAS, START + day * 1 days + 600);
        }
        vm.startPrank(REGULATOR);
        for (uint256 i = 0; i < SITES; ++i) {
            _allowances.registerSite(siteAt(i), holders[i]);
        }
        for (uint256 i = 0; i < PERIODS; ++i) {
            periods.push(_allowances.openPeriod(_datesAt(i)));
        }
        vm.stopPrank();
        for (uint256 i = 0; i < SITES; ++i) {
            for (uint256 k = 0; k < PERIODS; ++k) {
                vm.prank(holders[i]);
                _reports.registerPlan(siteAt(i), periods[k], _plan());
            }
            vm.deal(address(this), 10 ether);
            _reports.fundBond{value: 3 ether}(siteAt(i));
        }
        _anchor();
    }

    function siteAt(uint256 any) public pure returns (bytes32) {
        return keccak256(abi.encode("site", any % SITES));
    }

    function _datesAt(uint256 i) internal pure returns (Period memory) {
        uint40 from = START + uint40(1 days + i * DAYS * 1 days);
        uint40 to = from + uint40((DAYS - 3) * 1 days);
        return Period(from, to, to + 1 days, to + 40 days, to + 80 days, WINDOW, ANSWER, STAKE);
    }

    function allowances() external view returns (ICarbonAllowance) {
        return _allowances;
    }

    function reports() external view returns (ICarbonReports) {
        return _reports;
    }

    function _fail(bool isBroken, string memory what) internal {
        if (isBroken && bytes(broken).length == 0) broken = what;
    }

    function _pick(uint256 site, uint256 period) internal view returns (bytes32 siteId, uint256 id, address account) {
        siteId = siteAt(site);
        id = periods[period % PERIODS];
        account = holders[site % SITES];
    }

    /// @dev What is settled stays so: looked at whenever time or a report moves.
    function _watch(bytes32 siteId, uint256 id) internal {
        (bool settled, uint256 totalMg) = _reports.totalOf(siteId, id);
        if (isSettled[siteId][id]) {
            _fail(!settled || totalMg != settledMg[siteId][id], "a settled total changed");
        } else if (settled) {
            (isSettled[siteId][id], settledMg[siteId][id]) = (true, totalMg);
        }
    }

    // ---- time and the regulator ----

    function pass(uint256 time) external {
        vm.warp(block.timestamp + between(time, 1 hours, 10 days));
        for (uint256 i = 0; i < SITES; ++i) {
            for (uint256 k = 0; k < PERIODS; ++k) {
                _watch(siteAt(i), periods[k]);
            }
        }
        done["pass"] += 1;
    }

    function issue(uint256 site, uint256 period, uint256 amount) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        amount = between(amount, 0, 1e12);
        vm.prank(REGULATOR);
        try _allowances.issue(siteId, id, amount) {
            issuedMg[id] += amount;
            done["issue"] += 1;
        } catch {
            _fail(block.timestamp < _allowances.periodOf(id).surrenderDeadline, "the regulator cannot issue");
        }
    }

    function reject(uint256 site, uint256 period) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        vm.prank(REGULATOR);
        try _reports.reject(siteId, id, 0) {
            _fail(isSettled[siteId][id], "a final report was rejected");
            done["reject"] += 1;
        } catch {}
        _watch(siteId, id);
    }

    function determine(uint256 site, uint256 period, uint256 totalMg) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        vm.prank(REGULATOR);
        try _reports.determine(siteId, id, between(totalMg, 0, 1e12), 0) {
            _fail(isSettled[siteId][id], "a settled total was determined");
            done["determine"] += 1;
        } catch {}
        _watch(siteId, id);
    }

    // ---- reports ----

    function _canPost(bytes32 siteId, uint256 id) internal view returns (bool) {
        Period memory dates = _allowances.periodOf(id);
        ReportStanding memory standing = _reports.standingOf(siteId, id);
        bool isFree = standing.status == ReportStatus.None || standing.status == ReportStatus.Void;
        bool isTime = block.timestamp >= dates.coverFrom && block.timestamp < dates.reportDeadline;
        return isFree && isTime && standing.attempts < 2 && _reports.bondOf(siteId) >= STAKE;
    }

    function _draft(bytes32 siteId, uint256 k, Head memory covered, uint256 lie) internal view returns (Report memory report) {
        report.siteId = siteId;
        report.period = periods[k];
        report.attempt = _reports.standingOf(siteId, report.period).attempts + 1;
        report.logId = _logId;
        report.size = covered.size;
        report.subjects = _plan().subjects;
        report.ranges = _rangesOf(k, lie == 1);
        bytes32[] memory leaves = _reportLeaves(report);
        if (lie == 2) leaves[1] = "another leaf";
        report.entriesRoot = ReferenceTree.mth(leaves, 0, leaves.length);
    }

    /// @dev An honest report, or one whose range of gas stops short, or one with a leaf changed.
    function post(uint256 site, uint256 period, uint256 totalMg, uint256 lie) external {
        (bytes32 siteId, uint256 id, address account) = _pick(site, period);
        if (!_canPost(siteId, id)) return;
        lie %= 3;
        _tally();
        Head memory covered = _anchor();
        Report memory report = _draft(siteId, period % PERIODS, covered, lie);
        report.totalMg = between(totalMg, 0, 1e12);
        vm.warp(block.timestamp + 1);
        LoggedEntry memory statement = _state(report, _allowances.periodOf(id).to);
        vm.prank(account);
        _reports.postReport(report, statement);
        _posted[siteId][id] = abi.encode(report);
        isFalse[siteId][id] = lie != 0;
        delete _demandId[siteId][id];
        done[lie == 0 ? bytes32("post") : bytes32("lie")] += 1;
    }

    /// @dev Gas of day d has number d + 1: a period's 27 days begin with number 30·k + 2, and there is one reading before and one behind.
    function _rangesOf(uint256 k, bool isShort) internal view returns (Range[] memory ranges) {
        uint48 least = uint48(k * DAYS);
        uint48 statements = _newest[STATEMENTS];
        ranges = new Range[](3);
        ranges[0] = Range(least + 1, least + 29 - (isShort ? 3 : 0));
        ranges[1] = Range(1, 0);
        ranges[2] = Range(1, statements);
    }

    function _postedAt(bytes32 siteId, uint256 id) internal view returns (bool isThere, Report memory report) {
        bytes memory data = _posted[siteId][id];
        if (data.length > 0) return (true, abi.decode(data, (Report)));
    }

    /// @dev Whether the posted report leaves out days, as opposed to having changed a leaf.
    function _isShort(Report memory report, uint256 k) internal pure returns (bool) {
        return report.ranges[0].last != k * DAYS + DAYS - 1;
    }

    function challenge(uint256 site, uint256 period, uint256 how) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        (bool isThere, Report memory report) = _postedAt(siteId, id);
        if (!isThere) return;
        ReportStanding memory standing = _reports.standingOf(siteId, id);
        bool isOpen = standing.status == ReportStatus.Posted && block.timestamp < standing.windowEndsAt;
        bool isShort = _isShort(report, period % PERIODS);
        bool isChanged = isFalse[siteId][id] && !isShort;
        bool convicted = how % 2 == 0 ? _challengeOutside(report, period % PERIODS) : _challengeLeaf(report, isChanged);
        _fail(isOpen && !convicted && (how % 2 == 0 ? isShort : isChanged), "a false report was not convicted");
        _fail(convicted && !isFalse[siteId][id], "an honest report was convicted");
        _fail(convicted && !isOpen, "a report was convicted behind its window");
        if (convicted) done["convict"] += 1;
        _watch(siteId, id);
    }

    /// @dev Somebody has the reading of the period's last day but one.
    function _challengeOutside(Report memory report, uint256 k) internal returns (bool) {
        LoggedEntry memory held = _logged(_indexOf(GAS, uint48(k * DAYS + DAYS - 2)), _headOf(report));
        vm.prank(HOLDER);
        try _reports.challengeOutside(report, 0, held) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev Somebody has the report's second reading, and knows what the report has there.
    function _challengeLeaf(Report memory report, bool isChanged) internal returns (bool) {
        uint48 number = report.ranges[0].first + 1;
        LoggedEntry memory held = _logged(_indexOf(GAS, number), _headOf(report));
        bytes32[] memory leaves = _reportLeaves(report);
        if (isChanged) leaves[1] = "another leaf";
        bytes32[] memory path = _pathIn(report, leaves, 0, number);
        vm.prank(HOLDER);
        try _reports.challengeLeaf(report, 0, held, leaves[1], path) {
            return true;
        } catch {
            return false;
        }
    }

    function demand(uint256 site, uint256 period) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        (bool isThere, Report memory report) = _postedAt(siteId, id);
        if (!isThere || _demandId[siteId][id] != 0) return;
        LoggedEntry memory held = _logged(_indexOf(GAS, report.ranges[0].first + 1), _headOf(report));
        vm.deal(HOLDER, HOLDER.balance + DEMAND_STAKE);
        vm.prank(HOLDER);
        try _reports.demandEntry{value: DEMAND_STAKE}(report, 0, held) returns (bytes32 demandId) {
            _demandId[siteId][id] = demandId;
            openDemands += 1;
            done["demand"] += 1;
        } catch {}
    }

    function answer(uint256 site, uint256 period) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        (, Report memory report) = _postedAt(siteId, id);
        if (_demandId[siteId][id] == 0) return;
        bytes32[] memory leaves = _reportLeaves(report);
        uint48 number = report.ranges[0].first + 1;
        bool isChanged = isFalse[siteId][id] && !_isShort(report, period % PERIODS);
        bytes32 leaf = leaves[1];
        if (isChanged) leaves[1] = "another leaf";
        bytes32[] memory path = _pathIn(report, leaves, 0, number);
        try _reports.answerEntry(report, 0, number, leaf, path) {
            _fail(isChanged, "a demand was answered with what the report does not have");
            delete _demandId[siteId][id];
            openDemands -= 1;
            done["answer"] += 1;
        } catch {
            _fail(!isChanged, "an honest answer was refused");
        }
        _watch(siteId, id);
    }

    /// @dev Honest sites answer in time: who does not is not counted as convicted wrongly.
    function close(uint256 site, uint256 period) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        bytes32 demandId = _demandId[siteId][id];
        if (demandId == 0) return;
        (, Report memory report) = _postedAt(siteId, id);
        try _reports.closeDemand(report, demandId) {
            _fail(isSettled[siteId][id] && _reports.standingOf(siteId, id).status == ReportStatus.Void, "a final report was closed");
            delete _demandId[siteId][id];
            openDemands -= 1;
            done["close"] += 1;
            try _reports.closeDemand(report, demandId) {
                _fail(true, "a demand was closed twice");
            } catch {}
        } catch {}
        _watch(siteId, id);
    }

    function returnStake(uint256 site, uint256 period) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        try _reports.returnStake(siteId, id) {
            done["stake back"] += 1;
        } catch {}
    }

    function bond(uint256 site, uint256 amount, bool isIn) external {
        (bytes32 siteId,, address account) = _pick(site, 0);
        amount = between(amount, 0, 2 ether);
        if (isIn) {
            vm.deal(address(this), amount);
            _reports.fundBond{value: amount}(siteId);
        } else {
            vm.prank(account);
            try _reports.withdrawBond(siteId, amount, account) {} catch {}
        }
        done["bond"] += 1;
    }

    function collect(uint256 who, uint256 amount) external {
        address account = who % 2 == 0 ? HOLDER : REGULATOR;
        amount = between(amount, 0, 1 ether);
        uint256 credit = _reports.creditOf(account);
        vm.prank(account);
        try _reports.withdrawCredit(amount, account) {
            _fail(amount > credit, "more than the credit was paid");
            done["collect"] += 1;
        } catch {}
    }

    // ---- allowances ----

    function surrender(uint256 site, uint256 period, uint256 amount, bool isWhole) external {
        (bytes32 siteId, uint256 id, address account) = _pick(site, period);
        amount = between(amount, 0, 1e12);
        if (isWhole) amount = settledMg[siteId][id] - surrenderedMg[siteId][id];
        vm.prank(account);
        try _allowances.surrender(siteId, id, amount) {
            _watch(siteId, id);
            surrenderedMg[siteId][id] += amount;
            _fail(!isSettled[siteId][id], "surrendered against nothing");
            _fail(surrenderedMg[siteId][id] > settledMg[siteId][id], "surrendered more than is owed");
            done["surrender"] += 1;
        } catch {}
    }

    function recordShortfall(uint256 site, uint256 period) external {
        (bytes32 siteId, uint256 id,) = _pick(site, period);
        try _allowances.recordShortfall(siteId, id) {
            _fail(block.timestamp < _allowances.periodOf(id).surrenderDeadline, "short before the deadline");
            done["short"] += 1;
        } catch {}
    }

    function move(uint256 from, uint256 to, uint256 period, uint256 amount, bool isApproved) external {
        (address sender, address receiver, uint256 id) = (holders[from % 5], holders[to % 5], periods[period % PERIODS]);
        uint256 balance = _allowances.balanceOf(sender, id);
        amount = balance == 0 ? amount % 3 : between(amount, 0, balance + balance / 10);
        bool isMoved;
        vm.prank(sender);
        if (isApproved) {
            _allowances.approve(address(this), id, amount);
            try _allowances.transferFrom(sender, receiver, id, amount) {
                isMoved = true;
            } catch {}
        } else {
            try _allowances.transfer(receiver, id, amount) {
                isMoved = true;
            } catch {}
        }
        _fail(isMoved && amount > balance, "more than there was moved");
        _fail(!isMoved && amount <= balance, "a balance cannot be moved");
        if (isMoved) done["move"] += 1;
    }

    function retire(uint256 who, uint256 period, uint256 amount) external {
        (address account, uint256 id) = (holders[who % 5], periods[period % PERIODS]);
        uint256 balance = _allowances.balanceOf(account, id);
        amount = between(amount, 0, balance / 4 + 1);
        vm.prank(account);
        try _allowances.retire(id, amount, 0) {
            _fail(amount > balance, "more than there was retired");
            retiredMg[id] += amount;
            done["retire"] += 1;
        } catch {}
    }

    /// @dev Somebody asks for what is not theirs.
    function steal(uint256 site, uint256 period, uint256 amount) external {
        (bytes32 siteId, uint256 id, address account) = _pick(site, period);
        vm.startPrank(STRANGER);
        try _allowances.transferFrom(account, STRANGER, id, between(amount, 1, 1e12)) {
            _fail(true, "taken without a word of the owner");
        } catch {}
        try _allowances.surrender(siteId, id, between(amount, 0, 1e12)) {
            _fail(true, "surrendered by a stranger");
        } catch {}
        try _allowances.issue(siteId, id, 1) {
            _fail(true, "issued by a stranger");
        } catch {}
        try _reports.withdrawBond(siteId, 1, STRANGER) {
            _fail(true, "a bond taken by a stranger");
        } catch {}
        try _reports.withdrawCredit(1, STRANGER) {
            _fail(true, "a credit that nobody earned");
        } catch {}
        vm.stopPrank();
        done["steal"] += 1;
    }

    receive() external payable {}
}

/// @notice What holds after every action of such a life.
contract CarbonInvariantTest is CarbonWorld {
    CarbonHandler private _handler;

    function setUp() external {
        _handler = new CarbonHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice issued = held + in the accounts + surrendered + retired, in the contract's books, in its accounts, and in ours.
    /// forge-config: default.invariant.runs = 8
    function invariant_every_allowance_is_somewhere_and_only_there() public view {
        ICarbonAllowance allowances = _handler.allowances();
        for (uint256 k = 0; k < 3; ++k) {
            uint256 id = _handler.periods(k);
            (uint256 issued, uint256 held, uint256 surrendered, uint256 retired) = allowances.supplyOf(id);
            (uint256 heldSum, uint256 surrenderedSum, uint256 balanceSum) = (0, 0, 0);
            for (uint256 i = 0; i < 3; ++i) {
                Standing memory standing = allowances.standingOf(_handler.siteAt(i), id);
                heldSum += standing.held;
                surrenderedSum += standing.surrendered;
            }
            for (uint256 i = 0; i < 5; ++i) {
                balanceSum += allowances.balanceOf(_handler.holders(i), id);
            }
            expectUint(issued, _handler.issuedMg(id), "issued");
            expectUint(retired, _handler.retiredMg(id), "retired");
            expectUint(heldSum, held, "held");
            expectUint(surrenderedSum, surrendered, "surrendered");
            expectUint(balanceSum, allowances.totalSupply(id), "in the accounts");
            expectUint(heldSum + balanceSum + surrenderedSum + retired, issued, "all");
        }
    }

    /// @notice Nothing is surrendered twice, or beyond a total that stands; who has surrendered all is released, and nobody else.
    /// forge-config: default.invariant.runs = 8
    function invariant_nobody_surrenders_more_than_is_owed() public view {
        ICarbonAllowance allowances = _handler.allowances();
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 siteId = _handler.siteAt(i);
            for (uint256 k = 0; k < 3; ++k) {
                uint256 id = _handler.periods(k);
                Standing memory standing = allowances.standingOf(siteId, id);
                expectUint(standing.surrendered, _handler.surrenderedMg(siteId, id), "surrendered");
                (bool isSettled, uint256 totalMg) = _handler.reports().totalOf(siteId, id);
                if (!isSettled) expect(standing.surrendered == 0 && !standing.isReleased, "nothing to surrender against");
                expect(standing.surrendered <= totalMg, "more than is owed");
                if (standing.isReleased) expect(standing.surrendered == totalMg && standing.held == 0, "released");
                if (totalMg > 0 && standing.surrendered == totalMg) expect(standing.isReleased, "not released");
                expect(standing.isShortRecorded == (standing.shortMg > 0), "short of nothing");
            }
        }
    }

    /// @notice The wei of the reports are bonds, stakes, credits and open demands, to the last.
    /// forge-config: default.invariant.runs = 8
    function invariant_money_is_where_it_belongs() public view {
        ICarbonReports reports = _handler.reports();
        // The world's own site has a bond too, and nobody touches it.
        uint256 sum = reports.bondOf(SITE) + _handler.openDemands() * DEMAND_STAKE + reports.creditOf(HOLDER) + reports.creditOf(REGULATOR);
        for (uint256 i = 0; i < 3; ++i) {
            sum += reports.bondOf(_handler.siteAt(i));
            for (uint256 k = 0; k < 3; ++k) {
                sum += reports.standingOf(_handler.siteAt(i), _handler.periods(k)).stake;
            }
        }
        expectUint(address(reports).balance, sum, "wei");
    }

    /// forge-config: default.invariant.runs = 8
    function invariant_no_promise_was_broken_on_the_way() public view {
        expect(bytes(_handler.broken()).length == 0, _handler.broken());
    }

    /// @notice One long life by a fixed seed, to see that the fuzzer's actions do happen, all of them.
    function test_a_long_life_meets_everything() external {
        for (uint256 i = 0; i < 2000; ++i) {
            uint256 any = uint256(keccak256(abi.encode("life", i)));
            _act(any % 26, any >> 8, any >> 40, any >> 72);
        }
        invariant_every_allowance_is_somewhere_and_only_there();
        invariant_nobody_surrenders_more_than_is_owed();
        invariant_money_is_where_it_belongs();
        invariant_no_promise_was_broken_on_the_way();
        bytes32[18] memory actions = [
            bytes32("pass"),
            "issue",
            "reject",
            "determine",
            "post",
            "lie",
            "convict",
            "demand",
            "answer",
            "close",
            "stake back",
            "bond",
            "collect",
            "surrender",
            "short",
            "move",
            "retire",
            "steal"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            expect(_handler.done(actions[i]) >= 1, string(abi.encodePacked(actions[i])));
        }
    }

    function _act(uint256 which, uint256 a, uint256 b, uint256 c) private {
        if (which == 0) _handler.pass(b % 5 days);
        if (which == 1) _handler.issue(a, b, c);
        if (which == 2 && c % 4 == 0) _handler.reject(a, b);
        if (which == 3) _handler.determine(a, b, c);
        if (which >= 4 && which <= 6) _handler.post(a, b, c, c >> 32);
        if (which == 7 || which >= 22) _handler.challenge(a, b, c);
        if (which == 8 || which == 9) _handler.demand(a, b);
        if (which == 10 && c % 2 == 0) _handler.answer(a, b);
        if (which == 11) _handler.close(a, b);
        if (which == 12) _handler.returnStake(a, b);
        if (which == 13) _handler.bond(a, b, c % 3 != 0);
        if (which == 14) _handler.collect(a, b);
        if (which == 15 || which == 16) _handler.surrender(a, b, c, c % 2 == 0);
        if (which == 17 && c % 4 == 0) _handler.recordShortfall(a, b);
        if (which == 18 || which == 19) _handler.move(a, a >> 8, b, c, c % 2 == 0);
        if (which == 20) _handler.retire(a, b, c);
        if (which == 21) _handler.steal(a, b, c);
    }
}
