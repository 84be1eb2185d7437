// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice A sensor that is with the shipment, and what it may say. As the ledger counts: a reading stands until the next one, unless that comes more than `gapMaxMs` later. [agent/ledgers/coldchain]
/// @param subject Its channel: bytes 18 to 49 of its entries.
/// @param quantity Code of the quantity, such as 30 for temperature.
/// @param exponent Of its entries: fixed for each channel, so that values can be compared as they are.
/// @param low Readings below it are outside; the least there is for no limit. In 10^exponent base units. @param high Readings above it are outside.
/// @param toleratedMs From so many ms without a break on it is an excursion; 0: with the first reading outside.
/// @param gapMaxMs Between readings that are further apart nothing is known.
/// @param fromMs Readings count that were measured from here on, ms since 1970. @param toMs And up to here.
struct SensorTerms {
    bytes32 subject;
    uint16 quantity;
    int8 exponent;
    int64 low;
    int64 high;
    uint32 toleratedMs;
    uint32 gapMaxMs;
    uint48 fromMs;
    uint48 toMs;
}

/// @notice What buyer and seller agree on. Times are seconds since 1970 where nothing else is said. The contract keeps its hash; the event has all of it.
/// @param arbiter Decides where neither the log nor the parties do; zero for nobody.
/// @param amount Units of the token. @param toSellerAtTimeout What of it is the seller's if nobody has decided by `timeoutAt`.
/// @param logId The log that the verdict stands in. An epoch is a log of its own.
/// @param fromIndex Entries before it do not count; the size of the log when this was agreed, so that nothing older is passed off for it.
/// @param subject Under which the log states things about the shipment: bytes 18 to 49 of its statements.
/// @param verdictDueAt If there is no verdict by then the arbiter may decide.
/// @param windowS For so many seconds whatever was shown can be answered.
/// @param sensors At most eight; none: only the verdict counts.
/// @param salt Tells apart what is alike.
struct ShipmentTerms {
    address buyer;
    address seller;
    address arbiter;
    uint128 amount;
    uint128 toSellerAtTimeout;
    bytes32 logId;
    uint64 fromIndex;
    bytes32 subject;
    uint40 verdictDueAt;
    uint40 timeoutAt;
    uint32 windowS;
    SensorTerms[] sensors;
    bytes32 salt;
}

/// @notice A head of the log that the registry still has.
struct AnchoredHead {
    uint64 size;
    uint64 time;
    bytes32 root;
}

/// @notice An entry under such a head.
struct ShownEntry {
    uint64 index;
    bytes leafData;
    bytes32[] inclusionProof;
}

enum EscrowStatus {
    None,
    /// The buyer has paid in; the seller has not accepted.
    Offered,
    /// Good: the seller is paid unless somebody shows otherwise in time.
    Paying,
    /// Excursion: the buyer is paid back unless somebody shows otherwise in time.
    Refunding,
    /// No verdict, an indeterminate one, or two that contradict each other.
    Waiting,
    /// The buyer has shown readings outside; the money is the buyer's unless somebody shows one that was inside meanwhile.
    Excursion,
    /// Each can take out what is due.
    Decided
}

enum DecidedBy {
    Nobody,
    Verdict,
    Readings,
    Agreement,
    Arbiter,
    Timeout,
    Cancelled
}

/// @notice What is known of a shipment's money.
/// @param until When it changes by itself: a window ends, or the time is out.
/// @param toSeller Once decided. @param number Of the newest verdict shown; 0 if none was.
/// @param isContradicted A verdict before the newest one was an excursion.
struct EscrowStanding {
    EscrowStatus status;
    DecidedBy by;
    uint40 until;
    uint128 toSeller;
    uint48 number;
    uint8 verdict;
    bool isContradicted;
    bool buyerIsPaid;
    bool sellerIsPaid;
    uint8 claims;
}

/// @title Holds a buyer's money until a log says whether the goods were kept cold.
/// @notice The buyer pays in, the seller accepts, the goods travel, and the log of the agent that watched them states a verdict: an entry of kind 8, sub-kind 9, value 1 good, 2 excursion, 3 indeterminate.
///
/// | who | may | may not |
/// |---|---|---|
/// | buyer | pay in; take it back until the seller accepts; show readings outside, eight times | take it back afterwards alone |
/// | seller | accept | |
/// | both | agree on any split, at any time before it is decided | |
/// | arbiter | split, while it waits | act before the window of a verdict is over, or against a good or bad one |
/// | anybody | show a verdict, show a reading that refutes an excursion, send another's claim (its party is paid) | choose where money goes |
///
/// **Which verdict counts.** Verdicts of a shipment are numbered in the log. Of those that were shown
///   1. the one with the highest number counts, in whatever order they were shown: the agent may correct itself, for instance because readings came late;
///   2. but an excursion that was once stated is not taken back by a later *good*: such a shipment waits, as an indeterminate one does. What made it good again is for people to judge.
///   3. Whoever changes what counts gives all others `windowS` to answer: by a newer verdict, by an older excursion, by readings, by what refutes them. What changes nothing gives no new time.
///   4. When the window is over it is decided, whether or not somebody sends a transaction: nothing that is shown later counts. A window ends at the latest `windowS` after `timeoutAt`.
/// So who wants a verdict not to count watches the chain for `windowS`; and a log cannot hold the money up by restating.
///
/// **Readings beat verdicts.** Of one sensor in the terms the buyer shows consecutive entries, by their numbers, from one outside on: all on the same side of the limit, none more than `gapMaxMs` behind the one before, for
/// `toleratedMs` at least. The last one shown may be inside: the one before stands until then. Entries whose quality says that they do not count are shown too, so that nothing is left out, and are passed over. Numbers follow the order of arrival: a reading that came late has its
/// number elsewhere. So anybody may refute it within `windowS`, by one reading of the sensor that was inside between first and last. If nobody does, the buyer is paid back, whatever the verdict says. A
/// correction refutes nothing: what a device sent stands until both agree.
///
/// **If it waits**, both agree, or the arbiter decides (without any verdict from `verdictDueAt` on), or at `timeoutAt` what the terms say.
///
/// **What no contract knows.** That the log states what its readings came to: `kedge verify` recomputes it from an evidence package, and readings shown here beat a false *good*. That a subject is this shipment's, and a channel this sensor's: both
/// check it before they accept, with the secrets in the log's enrolments (`subjectHash`). That the sensor was with the goods. The log's operator can state what it likes and withhold what it likes; terms that make an
/// indeterminate shipment costly for whom the log belongs to (`toSellerAtTimeout`) are the answer to withholding.
interface IColdChainEscrow {
    event Offered(bytes32 indexed id, address indexed buyer, address indexed seller, ShipmentTerms terms);
    event Accepted(bytes32 indexed id);
    /// @param counts The number of the verdict that counts now. @param until When it is decided, if nothing else is shown.
    event VerdictShown(bytes32 indexed id, uint48 number, uint8 verdict, uint48 counts, EscrowStatus status, uint40 until);
    event ExcursionShown(bytes32 indexed id, uint256 sensor, uint48 firstNumber, uint48 firstMs, uint48 lastMs, uint40 until);
    event ExcursionRefuted(bytes32 indexed id, uint48 number, uint48 timeMs);
    event SplitSaid(bytes32 indexed id, address indexed by, uint128 toSeller);
    event Decided(bytes32 indexed id, DecidedBy indexed by, uint128 toSeller);
    event Paid(bytes32 indexed id, address indexed party, address to, uint256 amount);

    error BadTerms(bytes32 what, uint256 value, uint256 least, uint256 most);
    error Reentered();
    error AlreadyOffered(bytes32 id);
    /// @notice What was asked for does not go together with how it stands.
    error NotNow(bytes32 id, EscrowStatus status);
    error TooEarly(uint256 opensAt);
    error TooLate(uint256 closedAt);
    error NotParty(address sender, address expected);
    /// @notice What arrived is not what was moved: the token takes a fee, or moves nothing.
    error TransferTookFee(uint256 amount, uint256 received);
    error SplitTooLarge(uint128 toSeller, uint128 amount);
    error NothingToPay(bytes32 id, address party);

    error HeadNotAnchored(bytes32 logId, uint64 size);
    error NotInLog(uint64 index);
    error BeforeAgreement(uint64 index, uint64 fromIndex);
    error NotAVerdict(uint8 kind, uint16 subKind, bytes32 subject, int64 value, uint24 quality);
    /// @notice It was shown, or a newer one was and this one changes nothing.
    error ChangesNothing(uint48 number, uint48 counts);

    error UnknownSensor(uint256 sensor);
    error WrongReadingCount(uint256 count, uint256 most);
    error NotOfSensor(uint8 kind, bytes32 subject, uint16 quantity, int8 exponent);
    error ReadingNotUsable(uint48 number, uint24 quality);
    error NotConsecutive(uint48 number, uint48 expected);
    error OutsideTime(uint48 timeMs, uint48 fromMs, uint48 toMs);
    /// @notice The reading is inside, and is not the last of those shown.
    error NotOutside(uint48 number, int64 value);
    error GapTooLong(uint48 number, uint256 gapMs, uint256 gapMaxMs);
    error Tolerated(uint256 durationMs, uint256 toleratedMs);
    error TooManyClaims(bytes32 id);
    /// @notice The reading is outside too, or not between the first and the last of those shown.
    error RefutesNothing(int64 value, uint48 timeMs);

    /// @notice Pays in, as the buyer. @return id Under which everything about it stands.
    function offer(ShipmentTerms calldata terms) external returns (bytes32 id);
    /// @notice Takes it back, as the buyer, while the seller has not accepted.
    function cancel(ShipmentTerms calldata terms) external;
    /// @notice Accepts, as the seller.
    function accept(ShipmentTerms calldata terms) external;

    function showVerdict(ShipmentTerms calldata terms, AnchoredHead calldata head, ShownEntry calldata entry) external;
    /// @notice Shows, as the buyer, that a sensor was outside for too long.
    function showExcursion(ShipmentTerms calldata terms, uint256 sensor, AnchoredHead calldata head, ShownEntry[] calldata readings)
        external;
    /// @notice Shows a reading that was inside, in the middle of what the buyer has shown.
    function refuteExcursion(ShipmentTerms calldata terms, AnchoredHead calldata head, ShownEntry calldata reading) external;

    /// @notice Says, as buyer or seller, how to split. Counts once both have said the same; may be said anew, and is forgotten when something is shown that changes how it stands.
    function agree(ShipmentTerms calldata terms, uint128 toSeller) external;
    function arbitrate(ShipmentTerms calldata terms, uint128 toSeller) external;
    /// @notice Pays a party what is due, once it is decided. Anybody may send it; only the party names another address.
    function claim(ShipmentTerms calldata terms, address party, address to) external returns (uint256 paid);

    function idOf(ShipmentTerms calldata terms) external view returns (bytes32);
    function standingOf(ShipmentTerms calldata terms) external view returns (EscrowStanding memory);
}
