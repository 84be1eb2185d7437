// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {
    AnchoredHead,
    DecidedBy,
    EscrowStanding,
    EscrowStatus,
    IColdChainEscrow,
    SensorTerms,
    ShipmentTerms,
    ShownEntry
} from "./IColdChainEscrow.sol";
import {Entry, LogEntry} from "./LogEntry.sol";
import {LogProof} from "./LogProof.sol";

/// @title Shipments that are paid by what an anchored log says of them. See IColdChainEscrow for who does what.
/// @notice No owner, no upgrade, no pause, no fee.
/// @dev State is changed before tokens move, and every function that moves tokens is locked. How a shipment stands is a function of what was shown and of the clock (`_stand`); nothing that is decided
/// changes, because whatever changes something asks that first. A token that changes balances by itself must not be used.
contract ColdChainEscrow is IColdChainEscrow {
    using SafeERC20 for IERC20;

    /// @dev Two words, and a third for what the parties said.
    struct Deal {
        EscrowStatus stored; // None, Offered, Waiting for all that follows from the rest, or Decided
        DecidedBy by;
        uint8 verdict; //       of the newest one shown; 0 if none was
        bool excursionBefore; // an older one was an excursion
        uint8 claims;
        bool buyerIsPaid;
        bool sellerIsPaid;
        uint48 number; //       of the newest verdict shown
        uint40 windowEndsAt;
        uint40 claimEndsAt; //  of the readings shown; 0 if there are none, or they were refuted
        uint128 toSeller; //    once decided
        uint48 firstMs; //      of the readings shown
        uint48 lastMs;
        uint8 sensor;
        bool isAbove;
        bool buyerSaid;
        bool sellerSaid;
        uint128 buyerSays;
        uint128 sellerSays;
    }

    uint8 private constant READING = 1;
    uint8 private constant STATEMENT = 8;
    uint16 private constant VERDICT = 9;
    uint8 private constant GOOD = 1;
    uint8 private constant EXCURSION = 2;
    uint8 private constant INDETERMINATE = 3;
    /// @dev Estimated, substituted, simulated, conflict, no value, appended again, invalid, noise, exception, correction: bits 0, 1, 2, 5, 8, 10, 11, 15, 16 and 17. An appended-again reading
    /// counted in its own epoch. [agent/format/entry.ts]
    uint24 private constant UNUSABLE = 0x38D27;
    uint256 public constant SENSORS_MAX = 8;
    uint256 public constant READINGS_MAX = 256;
    uint8 public constant CLAIMS_MAX = 8;

    IAnchorRegistry public immutable registry;
    IERC20 public immutable token;

    uint256 private _entered = 1;
    mapping(bytes32 id => Deal) private _deals;

    modifier nonReentrant() {
        if (_entered != 1) revert Reentered();
        _entered = 2;
        _;
        _entered = 1;
    }

    constructor(IAnchorRegistry registry_, IERC20 token_) {
        registry = registry_;
        token = token_;
    }

    // ---- beginning ----

    /// @inheritdoc IColdChainEscrow
    function offer(ShipmentTerms calldata terms) external nonReentrant returns (bytes32 id) {
        if (msg.sender != terms.buyer) revert NotParty(msg.sender, terms.buyer);
        _checkTerms(terms);
        id = idOf(terms);
        Deal storage deal = _deals[id];
        if (deal.stored != EscrowStatus.None) revert AlreadyOffered(id);
        deal.stored = EscrowStatus.Offered;
        emit Offered(id, terms.buyer, terms.seller, terms);

        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), terms.amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != terms.amount) revert TransferTookFee(terms.amount, received);
    }

    function _checkTerms(ShipmentTerms calldata terms) private view {
        // Who is both parties could agree with itself, and an arbiter who is a party is none.
        if (terms.seller == address(0) || terms.seller == terms.buyer) revert NotParty(terms.seller, terms.buyer);
        if (terms.arbiter == terms.buyer || terms.arbiter == terms.seller) revert NotParty(terms.arbiter, address(0));
        _check("amount", terms.amount, 1, type(uint128).max);
        _check("toSellerAtTimeout", terms.toSellerAtTimeout, 0, terms.amount);
        _check("windowS", terms.windowS, 1 hours, 30 days);
        _check("verdictDueAt", terms.verdictDueAt, block.timestamp + 1, block.timestamp + 730 days);
        _check("timeoutAt", terms.timeoutAt, uint256(terms.verdictDueAt) + terms.windowS, uint256(terms.verdictDueAt) + 365 days);
        _check("sensors", terms.sensors.length, 0, SENSORS_MAX);
        for (uint256 i = 0; i < terms.sensors.length; ++i) {
            SensorTerms calldata sensor = terms.sensors[i];
            _check("toMs", sensor.toMs, sensor.fromMs, type(uint48).max);
            _check("gapMaxMs", sensor.gapMaxMs, 1, type(uint32).max);
            if (sensor.low > sensor.high) revert BadTerms("low", i, 0, 0);
        }
    }

    /// @inheritdoc IColdChainEscrow
    function cancel(ShipmentTerms calldata terms) external nonReentrant {
        (bytes32 id, Deal storage deal) = _dealOf(terms);
        if (msg.sender != terms.buyer) revert NotParty(msg.sender, terms.buyer);
        if (deal.stored != EscrowStatus.Offered) revert NotNow(id, _statusOf(terms, deal));
        _decide(id, deal, DecidedBy.Cancelled, 0);
        deal.buyerIsPaid = true;
        emit Paid(id, terms.buyer, terms.buyer, terms.amount);
        token.safeTransfer(terms.buyer, terms.amount);
    }

    /// @inheritdoc IColdChainEscrow
    function accept(ShipmentTerms calldata terms) external {
        (bytes32 id, Deal storage deal) = _dealOf(terms);
        if (msg.sender != terms.seller) revert NotParty(msg.sender, terms.seller);
        if (deal.stored != EscrowStatus.Offered) revert NotNow(id, _statusOf(terms, deal));
        // Later the arbiter could decide at once.
        if (block.timestamp >= terms.verdictDueAt) revert TooLate(terms.verdictDueAt);
        deal.stored = EscrowStatus.Waiting;
        emit Accepted(id);
    }

    // ---- what the log says ----

    /// @inheritdoc IColdChainEscrow
    function showVerdict(ShipmentTerms calldata terms, AnchoredHead calldata head, ShownEntry calldata shown) external {
        (bytes32 id, Deal storage stored) = _dealOf(terms);
        Deal memory deal = stored;
        _checkShowable(id, terms, deal);
        _checkHead(terms, head);
        Entry memory entry = _entryOf(terms, head, shown);
        uint8 verdict = _verdictOf(terms, entry);

        EscrowStatus before = _byVerdict(deal);
        // The first one gives time to answer even if it leaves all as it was.
        if (deal.verdict == 0) deal.windowEndsAt = _windowFromNow(terms);
        if (entry.number > deal.number) {
            if (deal.verdict == EXCURSION) deal.excursionBefore = true;
            (deal.number, deal.verdict) = (entry.number, verdict);
        } else {
            // Of what is older only an excursion says something.
            if (entry.number == deal.number || verdict != EXCURSION || deal.excursionBefore) {
                revert ChangesNothing(entry.number, deal.number);
            }
            deal.excursionBefore = true;
        }
        EscrowStatus status = _byVerdict(deal);
        if (status != before) deal.windowEndsAt = _windowFromNow(terms);
        if (status != before) _forgetSplits(stored);
        (stored.number, stored.verdict, stored.excursionBefore, stored.windowEndsAt) =
        (deal.number, deal.verdict, deal.excursionBefore, deal.windowEndsAt);
        emit VerdictShown(id, entry.number, verdict, deal.number, status, deal.windowEndsAt);
    }

    function _verdictOf(ShipmentTerms calldata terms, Entry memory entry) private pure returns (uint8) {
        if (
            entry.kind != STATEMENT || entry.quantity != VERDICT || entry.subject != terms.subject || entry.exponent != 0
                || entry.quality != 0 || entry.value < int64(uint64(GOOD)) || entry.value > int64(uint64(INDETERMINATE))
        ) revert NotAVerdict(entry.kind, entry.quantity, entry.subject, entry.value, entry.quality);
        return uint8(uint64(entry.value));
    }

    /// @inheritdoc IColdChainEscrow
    function showExcursion(ShipmentTerms calldata terms, uint256 sensor, AnchoredHead calldata head, ShownEntry[] calldata readings)
        external
    {
        (bytes32 id, Deal storage stored) = _dealOf(terms);
        if (msg.sender != terms.buyer) revert NotParty(msg.sender, terms.buyer);
        Deal memory deal = stored;
        _checkShowable(id, terms, deal);
        if (deal.claimEndsAt != 0) revert NotNow(id, EscrowStatus.Excursion);
        if (deal.claims == CLAIMS_MAX) revert TooManyClaims(id);
        if (sensor >= terms.sensors.length) revert UnknownSensor(sensor);
        _checkHead(terms, head);
        uint48 firstNumber;
        (firstNumber, deal.firstMs, deal.lastMs, deal.isAbove) = _stretch(terms, sensor, head, readings);

        // Not cut at the end of the time, as a window is: readings are refuted by one that has to be found.
        deal.claimEndsAt = uint40(block.timestamp + terms.windowS);
        (stored.firstMs, stored.lastMs, stored.sensor, stored.isAbove) = (deal.firstMs, deal.lastMs, uint8(sensor), deal.isAbove);
        (stored.claims, stored.claimEndsAt) = (deal.claims + 1, deal.claimEndsAt);
        _forgetSplits(stored);
        emit ExcursionShown(id, sensor, firstNumber, deal.firstMs, deal.lastMs, deal.claimEndsAt);
    }

    /// @dev Consecutive entries, from one outside on to one that is inside or to the last.
    function _stretch(ShipmentTerms calldata terms, uint256 place, AnchoredHead calldata head, ShownEntry[] calldata readings)
        private
        view
        returns (uint48 firstNumber, uint48 firstMs, uint48 lastMs, bool isAbove)
    {
        SensorTerms calldata sensor = terms.sensors[place];
        uint256 count = readings.length;
        if (count == 0 || count > READINGS_MAX) revert WrongReadingCount(count, READINGS_MAX);
        for (uint256 i = 0; i < count; ++i) {
            Entry memory entry = _readingOf(terms, sensor, head, readings[i]);
            bool isUsable = entry.quality & UNUSABLE == 0;
            uint48 timeMs = _timeOf(entry);
            if (i == 0) {
                if (!isUsable) revert ReadingNotUsable(entry.number, entry.quality);
                isAbove = entry.value > sensor.high;
                if (!_isOutside(sensor, entry.value, isAbove)) revert NotOutside(entry.number, entry.value);
                _checkTime(sensor, timeMs);
                (firstNumber, firstMs, lastMs) = (entry.number, timeMs, timeMs);
                continue;
            }
            if (entry.number != firstNumber + i) revert NotConsecutive(entry.number, firstNumber + uint48(i));
            if (!isUsable) continue;
            bool isOutside = _isOutside(sensor, entry.value, isAbove);
            if (timeMs <= lastMs) {
                // It came late. Inside, in the middle of what is shown, it would refute it.
                if (!isOutside && timeMs > firstMs) revert NotOutside(entry.number, entry.value);
                continue;
            }
            if (!isOutside && i + 1 != count) revert NotOutside(entry.number, entry.value);
            if (timeMs - lastMs > sensor.gapMaxMs) revert GapTooLong(entry.number, timeMs - lastMs, sensor.gapMaxMs);
            _checkTime(sensor, timeMs);
            lastMs = timeMs;
        }
        if (lastMs - firstMs < sensor.toleratedMs) revert Tolerated(lastMs - firstMs, sensor.toleratedMs);
    }

    /// @inheritdoc IColdChainEscrow
    function refuteExcursion(ShipmentTerms calldata terms, AnchoredHead calldata head, ShownEntry calldata shown) external {
        (bytes32 id, Deal storage stored) = _dealOf(terms);
        Deal memory deal = stored;
        EscrowStatus status = _statusOf(terms, deal);
        if (status != EscrowStatus.Excursion) revert NotNow(id, status);
        SensorTerms calldata sensor = terms.sensors[deal.sensor];
        _checkHead(terms, head);
        Entry memory entry = _readingOf(terms, sensor, head, shown);
        if (entry.quality & UNUSABLE != 0) revert ReadingNotUsable(entry.number, entry.quality);
        uint48 timeMs = _timeOf(entry);
        if (timeMs <= deal.firstMs || timeMs >= deal.lastMs || _isOutside(sensor, entry.value, deal.isAbove)) {
            revert RefutesNothing(entry.value, timeMs);
        }
        stored.claimEndsAt = 0;
        // The window of the verdict may have run out meanwhile: else whoever refutes late leaves the buyer, who has been kept from showing anything more, no time to.
        stored.windowEndsAt = _windowFromNow(terms);
        _forgetSplits(stored);
        emit ExcursionRefuted(id, entry.number, timeMs);
    }

    function _readingOf(ShipmentTerms calldata terms, SensorTerms calldata sensor, AnchoredHead calldata head, ShownEntry calldata shown)
        private
        view
        returns (Entry memory entry)
    {
        entry = _entryOf(terms, head, shown);
        if (
            entry.kind != READING || entry.subject != sensor.subject || entry.quantity != sensor.quantity
                || entry.exponent != sensor.exponent
        ) revert NotOfSensor(entry.kind, entry.subject, entry.quantity, entry.exponent);
    }

    /// @dev The device's clock, or if it claims no time the agent's. [agent/ledgers/ledger.ts, timeOf]
    function _timeOf(Entry memory entry) private pure returns (uint48) {
        return entry.measuredAtMs == 0 ? entry.arrivedAtMs : entry.measuredAtMs;
    }

    function _isOutside(SensorTerms calldata sensor, int64 value, bool isAbove) private pure returns (bool) {
        return isAbove ? value > sensor.high : value < sensor.low;
    }

    function _checkTime(SensorTerms calldata sensor, uint48 timeMs) private pure {
        if (timeMs < sensor.fromMs || timeMs > sensor.toMs) revert OutsideTime(timeMs, sensor.fromMs, sensor.toMs);
    }

    function _checkHead(ShipmentTerms calldata terms, AnchoredHead calldata head) private view {
        if (!registry.isAnchored(terms.logId, head.size, head.time, head.root)) revert HeadNotAnchored(terms.logId, head.size);
    }

    /// @dev First that these bytes are in the log, under a head that was checked, then what the very same bytes say.
    function _entryOf(ShipmentTerms calldata terms, AnchoredHead calldata head, ShownEntry calldata shown)
        private
        view
        returns (Entry memory)
    {
        if (shown.index < terms.fromIndex) revert BeforeAgreement(shown.index, terms.fromIndex);
        if (!LogProof.verifyInclusion(LogProof.leafHash(shown.leafData), shown.index, head.size, head.root, shown.inclusionProof)) {
            revert NotInLog(shown.index);
        }
        return LogEntry.decode(shown.leafData);
    }

    // ---- what people say ----

    /// @inheritdoc IColdChainEscrow
    function agree(ShipmentTerms calldata terms, uint128 toSeller) external {
        (bytes32 id, Deal storage deal) = _dealOf(terms);
        _checkOpen(id, _statusOf(terms, deal));
        if (toSeller > terms.amount) revert SplitTooLarge(toSeller, terms.amount);
        if (msg.sender == terms.buyer) (deal.buyerSaid, deal.buyerSays) = (true, toSeller);
        else if (msg.sender == terms.seller) (deal.sellerSaid, deal.sellerSays) = (true, toSeller);
        else revert NotParty(msg.sender, terms.buyer);
        emit SplitSaid(id, msg.sender, toSeller);
        if (deal.buyerSaid && deal.sellerSaid && deal.buyerSays == deal.sellerSays) _decide(id, deal, DecidedBy.Agreement, toSeller);
    }

    /// @dev What somebody offered while it stood otherwise must not be taken up by the other side that has seen more.
    function _forgetSplits(Deal storage deal) private {
        (deal.buyerSaid, deal.sellerSaid) = (false, false);
    }

    /// @inheritdoc IColdChainEscrow
    function arbitrate(ShipmentTerms calldata terms, uint128 toSeller) external {
        (bytes32 id, Deal storage deal) = _dealOf(terms);
        if (msg.sender != terms.arbiter) revert NotParty(msg.sender, terms.arbiter);
        if (toSeller > terms.amount) revert SplitTooLarge(toSeller, terms.amount);
        EscrowStatus status = _statusOf(terms, deal);
        if (status != EscrowStatus.Waiting) revert NotNow(id, status);
        uint256 opensAt = deal.verdict == 0 ? terms.verdictDueAt : deal.windowEndsAt;
        if (block.timestamp < opensAt) revert TooEarly(opensAt);
        _decide(id, deal, DecidedBy.Arbiter, toSeller);
    }

    /// @inheritdoc IColdChainEscrow
    function claim(ShipmentTerms calldata terms, address party, address to) external nonReentrant returns (uint256 paid) {
        (bytes32 id, Deal storage deal) = _dealOf(terms);
        bool isSellers = party == terms.seller;
        if (!isSellers && party != terms.buyer) revert NotParty(party, terms.buyer);
        if (to != party && msg.sender != party) revert NotParty(msg.sender, party);
        if (to == address(0)) revert NotParty(address(0), party);
        (EscrowStatus status,, uint128 toSeller, DecidedBy by) = _stand(terms, deal);
        if (status != EscrowStatus.Decided) revert NotNow(id, status);
        if (deal.stored != EscrowStatus.Decided) _decide(id, deal, by, toSeller);

        paid = isSellers ? toSeller : terms.amount - toSeller;
        if (paid == 0 || (isSellers ? deal.sellerIsPaid : deal.buyerIsPaid)) revert NothingToPay(id, party);
        if (isSellers) deal.sellerIsPaid = true;
        else deal.buyerIsPaid = true;
        emit Paid(id, party, to, paid);
        token.safeTransfer(to, paid);
    }

    // ---- how it stands ----

    /// @inheritdoc IColdChainEscrow
    function idOf(ShipmentTerms calldata terms) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), terms));
    }

    /// @inheritdoc IColdChainEscrow
    function standingOf(ShipmentTerms calldata terms) external view returns (EscrowStanding memory standing) {
        Deal memory deal = _deals[idOf(terms)];
        (standing.status, standing.until, standing.toSeller, standing.by) = _stand(terms, deal);
        (standing.number, standing.verdict, standing.claims) = (deal.number, deal.verdict, deal.claims);
        standing.isContradicted = deal.verdict == GOOD && deal.excursionBefore;
        (standing.buyerIsPaid, standing.sellerIsPaid) = (deal.buyerIsPaid, deal.sellerIsPaid);
    }

    function _dealOf(ShipmentTerms calldata terms) private view returns (bytes32 id, Deal storage deal) {
        id = idOf(terms);
        deal = _deals[id];
    }

    function _statusOf(ShipmentTerms calldata terms, Deal memory deal) private view returns (EscrowStatus status) {
        (status,,,) = _stand(terms, deal);
    }

    function _stand(ShipmentTerms calldata terms, Deal memory deal)
        private
        view
        returns (EscrowStatus status, uint40 until, uint128 toSeller, DecidedBy by)
    {
        if (deal.stored == EscrowStatus.Decided) return (EscrowStatus.Decided, 0, deal.toSeller, deal.by);
        if (deal.stored != EscrowStatus.Waiting) return (deal.stored, 0, 0, DecidedBy.Nobody);
        if (deal.claimEndsAt != 0) {
            (status, until, by) = (EscrowStatus.Excursion, deal.claimEndsAt, DecidedBy.Readings);
        } else {
            status = _byVerdict(deal);
            if (status == EscrowStatus.Waiting) {
                (until, toSeller, by) = (terms.timeoutAt, terms.toSellerAtTimeout, DecidedBy.Timeout);
                // What was shown at the last moment can be answered too.
                if (deal.windowEndsAt > until) until = deal.windowEndsAt;
            } else {
                (until, by) = (deal.windowEndsAt, DecidedBy.Verdict);
                if (status == EscrowStatus.Paying) toSeller = terms.amount;
            }
        }
        if (block.timestamp >= until) return (EscrowStatus.Decided, 0, toSeller, by);
        return (status, until, 0, DecidedBy.Nobody);
    }

    /// @dev What the verdicts that were shown come to. [IColdChainEscrow, which verdict counts]
    function _byVerdict(Deal memory deal) private pure returns (EscrowStatus) {
        if (deal.verdict == GOOD && !deal.excursionBefore) return EscrowStatus.Paying;
        return deal.verdict == EXCURSION ? EscrowStatus.Refunding : EscrowStatus.Waiting;
    }

    function _windowFromNow(ShipmentTerms calldata terms) private view returns (uint40) {
        uint256 from = block.timestamp < terms.timeoutAt ? block.timestamp : terms.timeoutAt;
        return uint40(from + terms.windowS);
    }

    function _checkOpen(bytes32 id, EscrowStatus status) private pure {
        if (status == EscrowStatus.None || status == EscrowStatus.Offered || status == EscrowStatus.Decided) revert NotNow(id, status);
    }

    /// @dev It is accepted and not decided, and there will be time to answer.
    function _checkShowable(bytes32 id, ShipmentTerms calldata terms, Deal memory deal) private view {
        _checkOpen(id, _statusOf(terms, deal));
        uint256 closedAt = uint256(terms.timeoutAt) + terms.windowS;
        if (block.timestamp >= closedAt) revert TooLate(closedAt);
    }

    function _decide(bytes32 id, Deal storage deal, DecidedBy by, uint128 toSeller) private {
        (deal.stored, deal.by, deal.toSeller) = (EscrowStatus.Decided, by, toSeller);
        emit Decided(id, by, toSeller);
    }

    function _check(bytes32 what, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert BadTerms(what, value, least, most);
    }
}
