// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a site's total rests on in a period, and from which log.
/// @param logId The site's log in the AnchorRegistry. An epoch is a log of its own.
/// @param statements Under which subject the log states the site's total: bytes 18 to 49 of its statements.
/// @param subjects The monitoring plan: the channels that count, and whatever else of the log does, in rising order, none twice.
struct Plan {
    bytes32 logId;
    bytes32 statements;
    bytes32[] subjects;
}

/// @notice Numbers of a subject, both included. A subject that has no entry at all is `1 … 0`.
struct Range {
    uint48 first;
    uint48 last;
}

/// @notice What a site says of a period. The chain keeps its hash, `keccak256(abi.encode(report))`; the event has all of it.
/// @param attempt 1 or 2.
/// @param size How many entries of the log the report covers: it is about these and no others.
/// @param headSize Of the anchored head under which the total stands in the log; greater than `size`. @param root Of that head.
/// @param totalMg mg CO2e, equal to the value of the statement in the log.
/// @param entriesRoot MTH over the leaf hashes of the entries in `ranges`: subjects in the order of the plan, numbers rising; SHA-256 of nothing if there are none. [RFC 9162 §2.1.1, agent/format/carbon-report.ts]
/// @param subjects Those of the plan. @param ranges One for each of them.
struct Report {
    bytes32 siteId;
    uint256 period;
    uint8 attempt;
    bytes32 logId;
    uint64 size;
    uint64 headSize;
    bytes32 root;
    uint256 totalMg;
    bytes32 entriesRoot;
    bytes32[] subjects;
    Range[] ranges;
}

/// @notice An entry of the log that a report names, under the report's head or any anchored one.
/// @param time Of the head's anchor; 0 for the report's own head.
struct LoggedEntry {
    uint64 size;
    uint64 time;
    bytes32 root;
    uint64 index;
    bytes leafData;
    bytes32[] inclusionProof;
}

/// @notice A tally of the log, opened, and a subject's leaf in it. [agent/format/tally.ts]
/// @param salt Opens the entry's source. @param channels How many leaves it has. @param root Over the leaves.
/// @param number The subject's last number when the tally was made. @param place Of the subject's leaf.
struct Tally {
    LoggedEntry entry;
    bytes16 salt;
    uint64 channels;
    bytes32 root;
    uint48 number;
    uint64 place;
    bytes32[] path;
}

enum ReportStatus {
    None,
    /// It can be challenged, or a demand is open.
    Posted,
    /// It was challenged with success, or the regulator rejected it.
    Void,
    /// Its total is what the site owes.
    Final,
    /// The regulator has set the total.
    Determined
}

enum DemandKind {
    /// Show that the report has this very entry of the log at its place.
    Entry,
    /// Show that what the report has at a number is an entry of the log.
    Number,
    /// Show that the first entry of a range lies before the period.
    Start,
    /// Show that the last entry of a range lies behind the period.
    End
}

/// @notice How a site's report stands. `totalMg` counts once `status` is Final or Determined.
struct ReportStanding {
    ReportStatus status;
    uint8 attempts;
    uint40 windowEndsAt;
    uint32 openDemands;
    bytes32 reportHash;
    uint256 totalMg;
    uint256 stake;
}

/// @title What sites owe for a period, bound to their logs.
/// @notice Who does what:
///
/// | who | may | may not |
/// |---|---|---|
/// | site | register its plan until the period begins, report, answer, withdraw its bond | change the plan in the period; report a third time |
/// | regulator | register a plan where a site has none when the period begins; reject a report that is not final; set a total where none stands after the deadline | touch a bond, or a final report |
/// | anybody | challenge, demand, fund a bond, keep a head | |
///
/// **What a report is.** Some entries of a log, all numbers of each subject from a first to a last, and a total. That the total is the one that the log states is checked when the report is posted. That the entries are
/// those of the log, and that none of the period is left out, anybody challenges. *That the total follows from the entries no contract computes*: `kedge verify` does, offline, from the same entries, and the regulator
/// rejects a report whose total does not; so too a report whose file (the leaf hashes, and the body of the statement) is not published.
///
/// **Why an honest site cannot be convicted.** Let S be the covered size, and N the last number of a subject among the first S entries. A log gives each of 1 … N to one entry of the subject, in whatever order their clocks
/// say. The time of an entry is `measuredAt`, or `arrivedAt` where that is 0. What *counts* is a reading (kind 1) or a statement (kind 8) with a time in the period. The site follows one rule (agent/format/carbon-report.ts):
///
///   - `last` is the smallest number that is not below any number that counts and whose entry has a time ≥ `to`; N if there is none.
///   - `first` is the greatest number that is not above any number that counts nor above `last`, and whose entry has a time < `from`; 1 if there is none.
///   - A subject without any entry is 1 … 0.
///   - S is so far that nothing behind it arrived before `coverFrom` by a clock that was known to be right, and no head that was anchored before `coverFrom` is greater. The whole log is, a while after `coverFrom`.
///
/// 1 … N always keeps to it where the first rules do not, so the rule can always be followed. Then, whatever clocks jump and however late readings come:
///
///   - *challengeLeaf* needs another entry than the report's under one number in one log: there is one, and its hash is in the report.
///   - *challengeOutside* needs an entry that counts: either one of the first S outside of first … last, and by the rule there is none; or one behind S that was anchored before `coverFrom`, and there is
///     none; or one behind S that arrived before `coverFrom` without the quality bit *clockUnsynchronised*. That could only be in a log whose agent believed its clock while it was wrong by weeks.
///   - *challengeEnd* needs an entry number `last` with a time < `to` while the tally of a size ≤ S counts beyond `last`: by the rule then `last` = N, and no tally up to S counts beyond N.
///   - *challengeStart* needs `first` > 1 and a time ≥ `from`: by the rule one of the two does not hold.
///   - A *demand* is for what the site has: an entry of the log and its place in the report. It MUST answer in time, or it loses; this is the one thing that needs its presence.
///
/// What came after `coverFrom` need not be part of the report and convicts nobody: it was missing when the total was made, and a ledger substitutes it.
/// What a log says twice under one number, whose tally counts wrongly, or which was restored into another epoch within a period, is not covered by this: an agent makes no such log, and a site whose log began a
/// new epoch within a period tells the regulator, who determines its total.
///
/// **Money.** The stake of a report leaves the bond when it is posted and returns when it is final or rejected. A challenge takes it all: half is the challenger's, half the regulator's. Nothing returns to the site's bond, or a site with an
/// accomplice could void its own report for nothing. Whoever sees a challenge on its way can send it first. Wei are paid out only to who asks for them (`withdrawCredit`, `withdrawBond`).
interface ICarbonReports {
    event PlanRegistered(bytes32 indexed siteId, uint256 indexed period, bytes32 indexed logId, Plan plan, address by);
    event HeadKept(bytes32 indexed logId, uint64 indexed size, bytes32 root, uint64 time);
    /// @param statement The 118 bytes of the statement in the log; its source commits to the body.
    event Reported(
        bytes32 indexed siteId, uint256 indexed period, bytes32 indexed reportHash, uint40 windowEndsAt, Report report, bytes statement
    );
    /// @param wrong The selector of what convicted it.
    event ReportVoided(
        bytes32 indexed siteId, uint256 indexed period, bytes32 indexed reportHash, bytes4 wrong, address challenger, uint256 reward
    );
    /// @param reasonHash Of a text that the regulator publishes.
    event ReportRejected(bytes32 indexed siteId, uint256 indexed period, bytes32 indexed reportHash, bytes32 reasonHash);
    event Determined(bytes32 indexed siteId, uint256 indexed period, uint256 totalMg, bytes32 reasonHash);
    /// @param leaf What the report must have there; 0 where any will do.
    event Demanded(
        bytes32 indexed demandId,
        bytes32 indexed reportHash,
        DemandKind kind,
        uint256 channel,
        uint48 number,
        bytes32 leaf,
        address by,
        uint40 answerBefore
    );
    event Answered(bytes32 indexed demandId);
    event DemandClosed(bytes32 indexed demandId, bool isOver);
    event BondFunded(bytes32 indexed siteId, address indexed from, uint256 amount);
    event BondWithdrawn(bytes32 indexed siteId, address indexed to, uint256 amount);
    event StakeReturned(bytes32 indexed siteId, uint256 indexed period, uint256 amount);
    event CreditWithdrawn(address indexed account, address indexed to, uint256 amount);

    error NotRegulator(address caller, address regulator);
    error NotSiteAccount(address caller, address account);
    error AmountTooLarge(uint256 amount, uint256 amountMax);
    error TooEarly(uint256 opensAt);
    error TooLate(uint256 closedAt);
    error PlanTooLong(uint256 subjects, uint256 subjectsMax);
    error EmptyPlan();
    /// @notice Subjects of a plan rise, so that nobody has to be told their order.
    error PlanNotSorted(uint256 channel);
    /// @notice The period has begun, and the site has a plan for it.
    error PlanStands(bytes32 planHash);
    /// @notice There is a report, or a total, or both attempts were used.
    error CannotReport(ReportStatus status, uint8 attempts);
    error WrongAttempt(uint8 attempt, uint8 expected);
    error WrongLog(bytes32 logId, bytes32 expected);
    error WrongPlan(bytes32 subjectsHash, bytes32 expected);
    error WrongRangeCount(uint256 ranges, uint256 channels);
    error BadRange(uint256 channel, uint48 first, uint48 last);
    error NotAnchored(bytes32 logId, uint64 size, uint64 time, bytes32 root);
    /// @notice The total was anchored before late readings were given their time.
    error AnchoredTooEarly(uint64 time, uint64 coverFrom);
    /// @notice The report names another head than the one that its total is shown under.
    error WrongHead(uint64 size, bytes32 root);
    /// @notice The entry is no statement of this site's total, or stands in front of what it covers.
    error NotTheStatement(uint8 kind, uint16 subKind, bytes32 subject, uint64 index);
    /// @notice The event of a report's statement is the end of its period, in ms since 1970.
    error NotOfPeriod(uint48 measuredAtMs, uint256 toMs);
    error TotalNotStated(uint256 totalMg, int64 stated);
    error StatementUsed(bytes32 logId, uint64 index);
    error BondTooSmall(bytes32 siteId, uint256 bond, uint256 wanted);
    error NotTheReport(bytes32 reportHash, bytes32 expected);
    error NotOpenToChallenge(ReportStatus status, uint256 windowEndsAt);
    error NotFinal(ReportStatus status, uint256 windowEndsAt);
    error WrongStake(uint256 sent, uint256 wanted);
    error AlreadyDemanded(bytes32 demandId);
    error NotDemanded(bytes32 demandId);
    error AnswerPending(bytes32 demandId, uint256 answerBefore);
    error AnswerWrong(bytes32 demandId);
    /// @notice Only demands for the beginning or the end of a range are answered by an edge.
    error NotAnEdge(DemandKind kind);
    /// @notice A demand that costs nothing convicts whom one likes.
    error NoDemandStake();
    error CreditTooSmall(address account, uint256 amount, uint256 credit);
    error PaymentFailed(address to, uint256 amount);

    // ---- site ----

    /// @notice Says what the site will report on. Until the period begins it may be said anew; from then on it stands. A site that has none by then asks the regulator.
    function registerPlan(bytes32 siteId, uint256 period, Plan calldata plan) external;
    function fundBond(bytes32 siteId) external payable;
    function withdrawBond(bytes32 siteId, uint256 amount, address to) external;
    /// @notice Posts a report.
    /// @param statement The total in the log: kind 8, sub-kind 4, with the end of the period as its time, behind the covered entries. Its head is the report's, anchored at `coverFrom` or later.
    function postReport(Report calldata report, LoggedEntry calldata statement) external;

    // ---- regulator ----

    /// @notice Makes a report void that is not final yet, without a challenge: its total does not follow from its entries, or its file is not published. Cuts no bond.
    function reject(bytes32 siteId, uint256 period, bytes32 reasonHash) external;
    /// @notice Sets a total where no report stands after the deadline. It counts as reported.
    function determine(bytes32 siteId, uint256 period, uint256 totalMg, bytes32 reasonHash) external;

    // ---- anybody ----

    /// @notice Remembers a head that the registry still has, so that entries can be shown under it for ever. For who holds a receipt and does not want to depend on the log's operator for a newer one.
    function keepHead(bytes32 logId, uint64 size, uint64 time, bytes32 root) external;
    /// @notice The entry of this subject and number is another one than the report has there.
    /// @param channel Place of the subject in the plan. @param leaf What the report has there. @param path Leads from it to the report's `entriesRoot`.
    function challengeLeaf(Report calldata report, uint256 channel, LoggedEntry calldata entry, bytes32 leaf, bytes32[] calldata path)
        external;
    /// @notice An entry that counts has a number that the report does not have, or came in time and is not covered at all.
    function challengeOutside(Report calldata report, uint256 channel, LoggedEntry calldata entry) external;
    /// @notice The report stops before the period does, although more was there.
    /// @param edge The entry whose number is the report's last; not looked at if the report says that the subject has none.
    function challengeEnd(Report calldata report, uint256 channel, LoggedEntry calldata edge, Tally calldata tally) external;
    /// @notice The report begins after the period does, although there was something before.
    /// @param edge The entry whose number is the report's first.
    function challengeStart(Report calldata report, uint256 channel, LoggedEntry calldata edge) external;

    /// @notice For who holds an entry, and not what the report has at its place: the site must show that it is the same. Costs a stake, which is the site's if it does and comes back if it does not.
    function demandEntry(Report calldata report, uint256 channel, LoggedEntry calldata entry) external payable returns (bytes32 demandId);
    /// @notice For who holds nothing: the site must show the entry of a number, which is then for all to see. What is made up it cannot show.
    function demandNumber(Report calldata report, uint256 channel, uint48 number) external payable returns (bytes32 demandId);
    /// @notice The site must show that its first entry of a subject lies before the period. For ranges that do not begin at 1.
    function demandStart(Report calldata report, uint256 channel) external payable returns (bytes32 demandId);
    /// @notice The site must show that its last entry of a subject lies behind the period.
    function demandEnd(Report calldata report, uint256 channel, Tally calldata tally) external payable returns (bytes32 demandId);
    /// @notice Answers `demandEntry`. @param leaf Hash of the entry. @param path Leads from it to `entriesRoot`.
    function answerEntry(Report calldata report, uint256 channel, uint48 number, bytes32 leaf, bytes32[] calldata path) external;
    /// @notice Answers `demandNumber`. @param path Leads from the entry's leaf to `entriesRoot`.
    function answerNumber(Report calldata report, uint256 channel, LoggedEntry calldata entry, bytes32[] calldata path) external;
    /// @notice Answers `demandStart` or `demandEnd`.
    function answerEdge(Report calldata report, uint256 channel, DemandKind kind, LoggedEntry calldata edge) external;
    /// @notice Ends a demand that was not answered: the report is void. If it is void anyhow, the stake comes back.
    function closeDemand(Report calldata report, bytes32 demandId) external;

    /// @notice Gives a final report's stake back to the site's bond.
    function returnStake(bytes32 siteId, uint256 period) external;
    function withdrawCredit(uint256 amount, address to) external;

    // ---- what is known ----

    /// @notice What the site owes for the period, once that is settled: it does not change afterwards.
    function totalOf(bytes32 siteId, uint256 period) external view returns (bool isSettled, uint256 totalMg);
    function standingOf(bytes32 siteId, uint256 period) external view returns (ReportStanding memory);
    /// @param subjectsHash `keccak256(abi.encode(subjects))`; zero if no plan was registered.
    function planOf(bytes32 siteId, uint256 period) external view returns (bytes32 logId, bytes32 statements, bytes32 subjectsHash);
    /// @notice Zero if there is no such demand, or it was answered or closed.
    function demandOf(bytes32 demandId) external view returns (address by, uint40 answerBefore, bytes32 reportHash);
    /// @notice Whether `keepHead` was called for this head.
    function isKept(bytes32 logId, uint64 size, uint64 time, bytes32 root) external view returns (bool);
    function bondOf(bytes32 siteId) external view returns (uint256);
    function creditOf(address account) external view returns (uint256);
    function demandStake() external view returns (uint256);
}
