// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {ICarbonAllowance, Period} from "./ICarbonAllowance.sol";
import {DemandKind, ICarbonReports, LoggedEntry, Plan, Range, Report, ReportStanding, ReportStatus, Tally} from "./ICarbonReports.sol";
import {Entry} from "./LogEntry.sol";
import {LogProof} from "./LogProof.sol";
import {ReportChallenge} from "./ReportChallenge.sol";

/// @title What sites owe for a period, bound to their logs. See ICarbonReports.
/// @dev Calls nobody else's code but views of the allowances and the registry, and whoever withdraws wei, after all is written.
contract CarbonReports is ICarbonReports {
    struct PlanKept {
        bytes32 logId;
        bytes32 statements;
        bytes32 subjectsHash;
    }

    /// @dev What `ReportStanding` tells, as it is kept.
    struct Account {
        bytes32 reportHash;
        uint128 totalMg;
        uint96 stake;
        uint8 attempts;
        ReportStatus status; // Posted here also when the window is over: Final is worked out
        uint40 windowEndsAt;
        uint32 openDemands;
    }

    struct Demand {
        address by;
        uint40 answerBefore;
        bytes32 reportHash;
    }

    uint256 private constant SUBJECTS_MAX = 64;
    uint8 private constant ATTEMPTS_MAX = 2;
    /// @dev In mg; 10^15 t. A total is far below it in any case: a statement's value has 63 bits.
    uint256 private constant AMOUNT_MAX = 1e24;

    ICarbonAllowance public immutable allowances;
    IAnchorRegistry public immutable registry;
    uint256 public immutable demandStake;

    mapping(bytes32 siteId => uint96) private _bonds;
    mapping(bytes32 siteId => mapping(uint256 period => PlanKept)) private _plans;
    mapping(bytes32 siteId => mapping(uint256 period => Account)) private _accounts;
    /// @dev Of each site: else whoever names another's log in its plan could use up the other's statement before it does.
    mapping(bytes32 siteId => mapping(bytes32 logId => mapping(uint64 index => bool))) private _statementUsed;
    mapping(bytes32 headHash => bool) private _keptHeads;
    mapping(bytes32 demandId => Demand) private _demands;
    mapping(address account => uint256) public creditOf;

    modifier onlyRegulator() {
        _onlyRegulator();
        _;
    }

    /// @param demandStake_ Wei that a demand costs: what an answer is worth.
    constructor(ICarbonAllowance allowances_, IAnchorRegistry registry_, uint256 demandStake_) {
        // For nothing, anybody could demand more than an honest site can answer in time, and so convict it.
        if (demandStake_ == 0) revert NoDemandStake();
        // Stakes are added to bonds, which have 96 bits.
        if (demandStake_ > type(uint64).max) revert AmountTooLarge(demandStake_, type(uint64).max);
        allowances = allowances_;
        registry = registry_;
        demandStake = demandStake_;
    }

    // ---- plans ----

    /// @inheritdoc ICarbonReports
    function registerPlan(bytes32 siteId, uint256 period, Plan calldata plan) external {
        Period memory dates = allowances.periodOf(period);
        PlanKept storage kept = _plans[siteId][period];
        if (block.timestamp < dates.from) {
            _onlyAccount(siteId);
        } else {
            // Whoever knows how the period went must not choose what counts.
            if (kept.subjectsHash != 0) revert PlanStands(kept.subjectsHash);
            _onlyRegulator();
            allowances.accountOf(siteId);
        }
        uint256 count = plan.subjects.length;
        if (count == 0) revert EmptyPlan();
        if (count > SUBJECTS_MAX) revert PlanTooLong(count, SUBJECTS_MAX);
        for (uint256 i = 1; i < count; ++i) {
            if (plan.subjects[i - 1] >= plan.subjects[i]) revert PlanNotSorted(i);
        }
        (kept.logId, kept.statements, kept.subjectsHash) = (plan.logId, plan.statements, keccak256(abi.encode(plan.subjects)));
        emit PlanRegistered(siteId, period, plan.logId, plan, msg.sender);
    }

    // ---- bonds ----

    /// @inheritdoc ICarbonReports
    function fundBond(bytes32 siteId) external payable {
        allowances.accountOf(siteId);
        // Reverts beyond 96 bits, which is more wei than there are.
        _bonds[siteId] += uint96(msg.value);
        emit BondFunded(siteId, msg.sender, msg.value);
    }

    /// @inheritdoc ICarbonReports
    function withdrawBond(bytes32 siteId, uint256 amount, address to) external {
        _onlyAccount(siteId);
        uint96 bond = _bonds[siteId];
        if (amount > bond) revert BondTooSmall(siteId, bond, amount);
        _bonds[siteId] = bond - uint96(amount);
        emit BondWithdrawn(siteId, to, amount);
        _pay(to, amount);
    }

    // ---- reports ----

    /// @inheritdoc ICarbonReports
    function postReport(Report calldata report, LoggedEntry calldata statement) external {
        _onlyAccount(report.siteId);
        Period memory dates = allowances.periodOf(report.period);
        if (block.timestamp >= dates.reportDeadline) revert TooLate(dates.reportDeadline);
        _checkPlan(report);
        _checkStatement(report, dates, statement);
        (bytes32 reportHash, uint40 windowEndsAt) = _stand(report, dates);
        emit Reported(report.siteId, report.period, reportHash, windowEndsAt, report, statement.leafData);
    }

    /// @dev Lets the report stand, with its stake, if there is room for one.
    function _stand(Report calldata report, Period memory dates) private returns (bytes32 reportHash, uint40 windowEndsAt) {
        Account storage account = _accounts[report.siteId][report.period];
        ReportStatus status = _statusOf(account);
        bool isFree = status == ReportStatus.None || status == ReportStatus.Void;
        uint8 attempt = account.attempts + 1;
        if (!isFree || attempt > ATTEMPTS_MAX) revert CannotReport(status, account.attempts);
        if (report.attempt != attempt) revert WrongAttempt(report.attempt, attempt);
        (uint96 stake, uint96 bond) = (dates.stake, _bonds[report.siteId]);
        if (bond < stake) revert BondTooSmall(report.siteId, bond, stake);
        _bonds[report.siteId] = bond - stake;
        reportHash = keccak256(abi.encode(report));
        windowEndsAt = uint40(block.timestamp + dates.challengeWindow);
        account.reportHash = reportHash;
        account.totalMg = uint128(report.totalMg);
        account.stake = stake;
        account.windowEndsAt = windowEndsAt;
        account.attempts = attempt;
        account.status = ReportStatus.Posted;
    }

    function _checkPlan(Report calldata report) private view {
        PlanKept storage plan = _plans[report.siteId][report.period];
        if (report.logId != plan.logId) revert WrongLog(report.logId, plan.logId);
        bytes32 subjectsHash = keccak256(abi.encode(report.subjects));
        if (subjectsHash != plan.subjectsHash) revert WrongPlan(subjectsHash, plan.subjectsHash);
        if (report.ranges.length != report.subjects.length) revert WrongRangeCount(report.ranges.length, report.subjects.length);
        for (uint256 i = 0; i < report.ranges.length; ++i) {
            Range calldata range = report.ranges[i];
            bool isEmpty = range.first == 1 && range.last == 0;
            // A channel has no more numbers than the log has entries.
            bool isRange = range.first >= 1 && range.first <= range.last && range.last <= report.size;
            if (!isEmpty && !isRange) revert BadRange(i, range.first, range.last);
        }
    }

    /// @dev The total on the chain is the one in the log, for this period, and no statement stands for two reports of a site. The statement lies behind all that the report covers, so its head proves that too.
    function _checkStatement(Report calldata report, Period memory dates, LoggedEntry calldata statement) private {
        if (report.headSize != statement.size || report.root != statement.root) revert WrongHead(report.headSize, report.root);
        if (statement.time < dates.coverFrom) revert AnchoredTooEarly(statement.time, dates.coverFrom);
        if (!_isHead(report.logId, statement.size, statement.time, statement.root)) {
            revert NotAnchored(report.logId, statement.size, statement.time, statement.root);
        }
        Entry memory entry = ReportChallenge.entryOf(report.logId, statement);
        // With an exponent the value would be another number of mg, and a marked one is none that its agent stands by.
        bool isReport = entry.kind == ReportChallenge.STATEMENT && entry.quantity == ReportChallenge.REPORT && entry.exponent == 0
            && entry.quality == 0;
        if (!isReport || entry.subject != _plans[report.siteId][report.period].statements || statement.index < report.size) {
            revert NotTheStatement(entry.kind, entry.quantity, entry.subject, statement.index);
        }
        uint256 toMs = uint256(dates.to) * 1000;
        if (entry.measuredAtMs != toMs) revert NotOfPeriod(entry.measuredAtMs, toMs);
        if (entry.value < 0 || uint64(entry.value) != report.totalMg) revert TotalNotStated(report.totalMg, entry.value);
        mapping(uint64 index => bool) storage used = _statementUsed[report.siteId][report.logId];
        if (used[statement.index]) revert StatementUsed(report.logId, statement.index);
        used[statement.index] = true;
    }

    /// @inheritdoc ICarbonReports
    function reject(bytes32 siteId, uint256 period, bytes32 reasonHash) external onlyRegulator {
        Account storage account = _accounts[siteId][period];
        ReportStatus status = _statusOf(account);
        if (status != ReportStatus.Posted) revert NotOpenToChallenge(status, account.windowEndsAt);
        emit ReportRejected(siteId, period, account.reportHash, reasonHash);
        _void(account);
        _returnStake(siteId, period, account);
    }

    /// @inheritdoc ICarbonReports
    function determine(bytes32 siteId, uint256 period, uint256 totalMg, bytes32 reasonHash) external onlyRegulator {
        allowances.accountOf(siteId);
        Period memory dates = allowances.periodOf(period);
        if (block.timestamp < dates.reportDeadline) revert TooEarly(dates.reportDeadline);
        Account storage account = _accounts[siteId][period];
        ReportStatus status = _statusOf(account);
        if (status != ReportStatus.None && status != ReportStatus.Void) revert CannotReport(status, account.attempts);
        account.status = ReportStatus.Determined;
        if (totalMg > AMOUNT_MAX) revert AmountTooLarge(totalMg, AMOUNT_MAX);
        account.totalMg = uint128(totalMg);
        emit Determined(siteId, period, totalMg, reasonHash);
    }

    // ---- challenges ----

    /// @inheritdoc ICarbonReports
    function keepHead(bytes32 logId, uint64 size, uint64 time, bytes32 root) external {
        if (!registry.isAnchored(logId, size, time, root)) revert NotAnchored(logId, size, time, root);
        _keptHeads[_headHash(logId, size, time, root)] = true;
        emit HeadKept(logId, size, root, time);
    }

    /// @inheritdoc ICarbonReports
    function challengeLeaf(Report calldata report, uint256 channel, LoggedEntry calldata entry, bytes32 leaf, bytes32[] calldata path)
        external
    {
        Account storage account = _challenged(report);
        _checkHead(report, entry);
        ReportChallenge.checkOtherLeaf(report, channel, entry, leaf, path);
        _convict(report, account, msg.sender);
    }

    /// @inheritdoc ICarbonReports
    function challengeOutside(Report calldata report, uint256 channel, LoggedEntry calldata entry) external {
        Account storage account = _challenged(report);
        _checkHead(report, entry);
        ReportChallenge.checkOutside(report, allowances.periodOf(report.period), channel, entry);
        _convict(report, account, msg.sender);
    }

    /// @inheritdoc ICarbonReports
    function challengeEnd(Report calldata report, uint256 channel, LoggedEntry calldata edge, Tally calldata tally) external {
        Account storage account = _challenged(report);
        _checkHead(report, tally.entry);
        ReportChallenge.checkBeyond(report, channel, tally);
        uint48 last = report.ranges[channel].last;
        // Of a channel that has entries and a report that says it has none, there is no edge to look at.
        if (last > 0) {
            _checkHead(report, edge);
            uint256 timeMs = ReportChallenge.edgeTime(report, channel, edge, last);
            uint256 toMs = uint256(allowances.periodOf(report.period).to) * 1000;
            if (timeMs >= toMs) revert ReportChallenge.EndIsClosed(timeMs, toMs);
        }
        _convict(report, account, msg.sender);
    }

    /// @inheritdoc ICarbonReports
    function challengeStart(Report calldata report, uint256 channel, LoggedEntry calldata edge) external {
        Account storage account = _challenged(report);
        _checkHead(report, edge);
        ReportChallenge.checkChannel(report, channel);
        uint48 first = report.ranges[channel].first;
        uint256 timeMs = ReportChallenge.edgeTime(report, channel, edge, first);
        uint256 fromMs = uint256(allowances.periodOf(report.period).from) * 1000;
        if (first == 1 || timeMs < fromMs) revert ReportChallenge.StartIsClosed(first, timeMs, fromMs);
        _convict(report, account, msg.sender);
    }

    // ---- demands ----

    /// @inheritdoc ICarbonReports
    function demandEntry(Report calldata report, uint256 channel, LoggedEntry calldata entry) external payable returns (bytes32 demandId) {
        Account storage account = _challenged(report);
        _checkHead(report, entry);
        (uint48 number, bytes32 leaf) = ReportChallenge.inRange(report, channel, entry);
        return _demand(report, account, DemandKind.Entry, channel, number, leaf);
    }

    /// @inheritdoc ICarbonReports
    function demandNumber(Report calldata report, uint256 channel, uint48 number) external payable returns (bytes32 demandId) {
        Account storage account = _challenged(report);
        ReportChallenge.checkNumber(report, channel, number);
        return _demand(report, account, DemandKind.Number, channel, number, 0);
    }

    /// @inheritdoc ICarbonReports
    function demandStart(Report calldata report, uint256 channel) external payable returns (bytes32 demandId) {
        Account storage account = _challenged(report);
        ReportChallenge.checkChannel(report, channel);
        uint48 first = report.ranges[channel].first;
        if (first == 1) revert ReportChallenge.StartIsClosed(first, 0, 0);
        return _demand(report, account, DemandKind.Start, channel, first, 0);
    }

    /// @inheritdoc ICarbonReports
    function demandEnd(Report calldata report, uint256 channel, Tally calldata tally) external payable returns (bytes32 demandId) {
        Account storage account = _challenged(report);
        _checkHead(report, tally.entry);
        ReportChallenge.checkBeyond(report, channel, tally);
        return _demand(report, account, DemandKind.End, channel, report.ranges[channel].last, 0);
    }

    /// @inheritdoc ICarbonReports
    function answerEntry(Report calldata report, uint256 channel, uint48 number, bytes32 leaf, bytes32[] calldata path) external {
        bytes32 demandId = _demandId(keccak256(abi.encode(report)), DemandKind.Entry, channel, number, leaf);
        _demandOf(demandId);
        ReportChallenge.checkLeaf(report, channel, number, leaf, path);
        _answered(report, demandId);
    }

    /// @inheritdoc ICarbonReports
    function answerNumber(Report calldata report, uint256 channel, LoggedEntry calldata entry, bytes32[] calldata path) external {
        _checkHead(report, entry);
        (uint48 number, bytes32 leaf) = ReportChallenge.inRange(report, channel, entry);
        bytes32 demandId = _demandId(keccak256(abi.encode(report)), DemandKind.Number, channel, number, 0);
        _demandOf(demandId);
        ReportChallenge.checkLeaf(report, channel, number, leaf, path);
        _answered(report, demandId);
    }

    /// @inheritdoc ICarbonReports
    function answerEdge(Report calldata report, uint256 channel, DemandKind kind, LoggedEntry calldata edge) external {
        ReportChallenge.checkChannel(report, channel);
        // A demand for the last number of a range is no demand for its edge: what is asked there is what the report has.
        if (kind != DemandKind.Start && kind != DemandKind.End) revert NotAnEdge(kind);
        Range calldata range = report.ranges[channel];
        uint48 number = kind == DemandKind.Start ? range.first : range.last;
        bytes32 demandId = _demandId(keccak256(abi.encode(report)), kind, channel, number, 0);
        _demandOf(demandId);
        _checkHead(report, edge);
        uint256 timeMs = ReportChallenge.edgeTime(report, channel, edge, number);
        Period memory dates = allowances.periodOf(report.period);
        bool isClosed = kind == DemandKind.Start ? timeMs < uint256(dates.from) * 1000 : timeMs >= uint256(dates.to) * 1000;
        if (!isClosed) revert AnswerWrong(demandId);
        _answered(report, demandId);
    }

    /// @inheritdoc ICarbonReports
    function closeDemand(Report calldata report, bytes32 demandId) external {
        Demand memory demand = _demandOf(demandId);
        bytes32 reportHash = keccak256(abi.encode(report));
        if (reportHash != demand.reportHash) revert NotTheReport(reportHash, demand.reportHash);
        Account storage account = _accounts[report.siteId][report.period];
        bool isOver = account.status != ReportStatus.Posted || account.reportHash != reportHash;
        if (!isOver && block.timestamp < demand.answerBefore) revert AnswerPending(demandId, demand.answerBefore);
        delete _demands[demandId];
        creditOf[demand.by] += demandStake;
        emit DemandClosed(demandId, isOver);
        if (!isOver) _convict(report, account, demand.by);
    }

    function _demand(Report calldata report, Account storage account, DemandKind kind, uint256 channel, uint48 number, bytes32 leaf)
        private
        returns (bytes32 demandId)
    {
        if (msg.value != demandStake) revert WrongStake(msg.value, demandStake);
        bytes32 reportHash = account.reportHash;
        demandId = _demandId(reportHash, kind, channel, number, leaf);
        if (_demands[demandId].by != address(0)) revert AlreadyDemanded(demandId);
        uint40 answerBefore = uint40(block.timestamp + allowances.periodOf(report.period).answerWindow);
        _demands[demandId] = Demand(msg.sender, answerBefore, reportHash);
        account.openDemands += 1;
        emit Demanded(demandId, reportHash, kind, channel, number, leaf, msg.sender, answerBefore);
    }

    function _demandId(bytes32 reportHash, DemandKind kind, uint256 channel, uint48 number, bytes32 leaf) private pure returns (bytes32) {
        return keccak256(abi.encode(reportHash, kind, channel, number, leaf));
    }

    function _demandOf(bytes32 demandId) private view returns (Demand memory demand) {
        demand = _demands[demandId];
        if (demand.by == address(0)) revert NotDemanded(demandId);
    }

    /// @dev An answer is good until somebody closes the demand: who is late by a block has shown what was asked for.
    function _answered(Report calldata report, bytes32 demandId) private {
        delete _demands[demandId];
        Account storage account = _accounts[report.siteId][report.period];
        // A demand about a report that is void already is none of the open ones.
        if (account.status == ReportStatus.Posted && account.reportHash == keccak256(abi.encode(report))) account.openDemands -= 1;
        _bonds[report.siteId] += uint96(demandStake);
        emit Answered(demandId);
    }

    // ---- anybody ----

    /// @inheritdoc ICarbonReports
    function returnStake(bytes32 siteId, uint256 period) external {
        Account storage account = _accounts[siteId][period];
        ReportStatus status = _statusOf(account);
        if (status != ReportStatus.Final) revert NotFinal(status, account.windowEndsAt);
        _returnStake(siteId, period, account);
    }

    /// @inheritdoc ICarbonReports
    function withdrawCredit(uint256 amount, address to) external {
        uint256 credit = creditOf[msg.sender];
        if (amount > credit) revert CreditTooSmall(msg.sender, amount, credit);
        creditOf[msg.sender] = credit - amount;
        emit CreditWithdrawn(msg.sender, to, amount);
        _pay(to, amount);
    }

    // ---- what is known ----

    /// @inheritdoc ICarbonReports
    function totalOf(bytes32 siteId, uint256 period) external view returns (bool isSettled, uint256 totalMg) {
        Account storage account = _accounts[siteId][period];
        ReportStatus status = _statusOf(account);
        isSettled = status == ReportStatus.Final || status == ReportStatus.Determined;
        totalMg = isSettled ? account.totalMg : 0;
    }

    /// @inheritdoc ICarbonReports
    function standingOf(bytes32 siteId, uint256 period) external view returns (ReportStanding memory) {
        Account storage account = _accounts[siteId][period];
        return ReportStanding({
            status: _statusOf(account),
            attempts: account.attempts,
            windowEndsAt: account.windowEndsAt,
            openDemands: account.openDemands,
            reportHash: account.reportHash,
            totalMg: account.totalMg,
            stake: account.stake
        });
    }

    /// @inheritdoc ICarbonReports
    function planOf(bytes32 siteId, uint256 period) external view returns (bytes32 logId, bytes32 statements, bytes32 subjectsHash) {
        PlanKept memory plan = _plans[siteId][period];
        return (plan.logId, plan.statements, plan.subjectsHash);
    }

    /// @inheritdoc ICarbonReports
    function demandOf(bytes32 demandId) external view returns (address by, uint40 answerBefore, bytes32 reportHash) {
        Demand memory demand = _demands[demandId];
        return (demand.by, demand.answerBefore, demand.reportHash);
    }

    /// @inheritdoc ICarbonReports
    function isKept(bytes32 logId, uint64 size, uint64 time, bytes32 root) external view returns (bool) {
        return _keptHeads[_headHash(logId, size, time, root)];
    }

    /// @inheritdoc ICarbonReports
    function bondOf(bytes32 siteId) external view returns (uint256) {
        return _bonds[siteId];
    }

    // ---- the rest ----

    function _onlyRegulator() private view {
        address regulator = allowances.regulator();
        if (msg.sender != regulator) revert NotRegulator(msg.sender, regulator);
    }

    function _onlyAccount(bytes32 siteId) private view {
        address account = allowances.accountOf(siteId);
        if (msg.sender != account) revert NotSiteAccount(msg.sender, account);
    }

    function _statusOf(Account storage account) private view returns (ReportStatus status) {
        status = account.status;
        if (status == ReportStatus.Posted && account.openDemands == 0 && block.timestamp >= account.windowEndsAt) {
            return ReportStatus.Final;
        }
    }

    function _headHash(bytes32 logId, uint64 size, uint64 time, bytes32 root) private pure returns (bytes32) {
        return keccak256(abi.encode(logId, size, time, root));
    }

    function _isHead(bytes32 logId, uint64 size, uint64 time, bytes32 root) private view returns (bool) {
        return registry.isAnchored(logId, size, time, root) || _keptHeads[_headHash(logId, size, time, root)];
    }

    function _checkHead(Report calldata report, LoggedEntry calldata logged) private view {
        // The report's own head was looked at when it was posted.
        if (logged.time == 0 && logged.size == report.headSize && logged.root == report.root) return;
        if (!_isHead(report.logId, logged.size, logged.time, logged.root)) {
            revert NotAnchored(report.logId, logged.size, logged.time, logged.root);
        }
    }

    /// @dev The report's standing, if it is the one that stands and its window is open.
    function _challenged(Report calldata report) private view returns (Account storage account) {
        account = _accounts[report.siteId][report.period];
        bytes32 reportHash = keccak256(abi.encode(report));
        if (reportHash != account.reportHash) revert NotTheReport(reportHash, account.reportHash);
        if (account.status != ReportStatus.Posted || block.timestamp >= account.windowEndsAt) {
            revert NotOpenToChallenge(_statusOf(account), account.windowEndsAt);
        }
    }

    function _void(Account storage account) private {
        account.status = ReportStatus.Void;
        account.totalMg = 0;
        account.openDemands = 0;
    }

    function _convict(Report calldata report, Account storage account, address challenger) private {
        uint256 stake = account.stake;
        // Rounded in favour of the regulator, so that convicting oneself always costs.
        uint256 reward = stake / 2;
        account.stake = 0;
        _void(account);
        creditOf[challenger] += reward;
        creditOf[allowances.regulator()] += stake - reward;
        emit ReportVoided(report.siteId, report.period, account.reportHash, msg.sig, challenger, reward);
    }

    function _returnStake(bytes32 siteId, uint256 period, Account storage account) private {
        uint96 stake = account.stake;
        account.stake = 0;
        _bonds[siteId] += stake;
        emit StakeReturned(siteId, period, stake);
    }

    function _pay(address to, uint256 amount) private {
        (bool sent,) = to.call{value: amount}("");
        if (!sent) revert PaymentFailed(to, amount);
    }
}
