// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket, ProvenReading, ReadingStatus, SlotStatus} from "./IEnergyMarket.sol";
import {IMarketCourt} from "./IMarketCourt.sol";
import {IMarketRules} from "./IMarketRules.sol";
import {BalanceGap, BalanceOpening, FillOpening, MarketOpening, RowGap, RowOpening} from "./MarketOpening.sol";
import {MarketProof} from "./MarketProof.sol";
import {MarketSettlement} from "./MarketSettlement.sol";
import {DayHeader, MarketTypes, Params, Row, SlotHeader} from "./MarketTypes.sol";
import {Target, Verdict} from "./MarketVerdict.sol";

/// @notice What an account had at the end of the day before; left out on the market's first day.
/// @param isAbsent It had none: `gap` shows that. Else `balance` is its own.
struct DayBefore {
    DayHeader header;
    bool isAbsent;
    BalanceOpening balance;
    BalanceGap gap;
}

/// @notice The two children of a node in a tree of balances, and where the node stands: `level` levels above the leaves, `index` from the left.
struct BalanceNode {
    bytes32 left;
    uint128 leftCredit;
    uint128 leftDebit;
    bytes32 right;
    uint128 rightCredit;
    uint128 rightDebit;
    uint32 level;
    uint32 index;
}

/// @notice How long a court waits, which is the market's to say.
interface IMarketWindows {
    function answerWindow() external view returns (uint64);
    function challengeWindow() external view returns (uint64);
    function readingDeadline() external view returns (uint64);
}

/// @title Judges days: whether a row is what its contract and its reading come to, and whether balances run through the rows.
/// @notice Each function takes the day's header as it was posted and the leaves that contradict each other or the market, and tells what is wrong; it reverts with
/// `NothingWrong` if nothing is. Only the court gives a verdict effect.
///
/// KNOWN GAP: how the other side of all rows is split between grid, retailer and pool follows from all rows of a slot at once and is not judged here; that the
/// money of a day sums to zero is checked when it is posted. Whoever has the rows can recompute it.
/// KNOWN GAP: `usualImportWh`, which the missing rule goes by, is taken as the row has it.
contract MarketDayJudge {
    /// @notice What is shown is as it should be.
    error NothingWrong();
    /// @notice What is shown does not belong together.
    error NotRelated();
    /// @notice A lower crossing, which the row claims, may still be shown until then, in seconds since 1970.
    error TooEarly(uint256 opensAt);

    IEnergyMarket public immutable market;
    IMarketRules public immutable rules;

    constructor(IEnergyMarket market_) {
        market = market_;
        rules = market_.rules();
    }

    // ---- rows ----

    /// @notice A row contradicts itself, its meter's registration or its slot: another owner, another day, a contract in a slot without one, a substitution that is not the
    /// missing rule, or money that is not what contract and reading come to. @param slotHeader Of the row's slot; left empty if the slot has none that stands.
    function rowWrong(DayHeader calldata header, RowOpening calldata opening, SlotHeader calldata slotHeader)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        MarketOpening.row(header, opening);
        Row calldata row = opening.row;
        bool isAdjusted = row.flags & MarketTypes.ROW_ADJUSTED != 0;
        uint64 day = MarketTypes.dayOf(row.slot);
        if (isAdjusted ? day >= header.day : day != header.day) return _wrong(header, "row-day");
        if (rules.tenureAt(row.meter, row.slot).owner != row.account) return _wrong(header, "row-owner");
        if (row.contractedWh != 0 && row.orderHash == 0) return _wrong(header, "row-order");
        if (row.flags & MarketTypes.ROW_SUBSTITUTED != 0) {
            if (row.meteredWh != MarketSettlement.missingWh(row.contractedWh, row.usualImportWh)) return _wrong(header, "row-substituted");
        }
        // What an adjustment comes to depends on the row that it adjusts: `adjustmentWrong`.
        if (isAdjusted) revert NothingWrong();
        (bool isTraded, int256 net) = _net(row, slotHeader);
        if (!isTraded && row.contractedWh != 0) return _wrong(header, "row-without-market");
        if (net != row.netNano) return _wrong(header, "row-net");
        revert NothingWrong();
    }

    /// @notice An adjusted row differs from the row that it adjusts in more than its reading, or its money is not the difference.
    function adjustmentWrong(
        DayHeader calldata header,
        RowOpening calldata opening,
        DayHeader calldata before,
        RowOpening calldata booked,
        SlotHeader calldata slotHeader
    ) external view returns (Verdict memory) {
        MarketOpening.dayHash(market, header);
        MarketOpening.dayHash(market, before);
        MarketOpening.row(header, opening);
        MarketOpening.row(before, booked);
        Row calldata row = opening.row;
        bool isOfSame = MarketOpening.isAt(booked.row, row.account, row.slot, row.meter);
        if (row.flags & MarketTypes.ROW_ADJUSTED == 0 || before.day >= header.day || !isOfSame) revert NotRelated();
        // A row that is itself an adjustment says only what changed, so that nothing may be built on it.
        if (booked.row.flags & MarketTypes.ROW_ADJUSTED != 0) return _wrong(header, "adjusted-twice");
        if (row.contractedWh != booked.row.contractedWh) return _wrong(header, "adjusted-contract");
        (, int256 net) = _net(row, slotHeader);
        if (net - booked.row.netNano != row.netNano) return _wrong(header, "adjusted-net");
        revert NothingWrong();
    }

    /// @notice A row is not contracted for what its meter's order got.
    function contractWrong(
        DayHeader calldata header,
        RowOpening calldata opening,
        SlotHeader calldata slotHeader,
        FillOpening calldata fill
    ) external view returns (Verdict memory) {
        MarketOpening.dayHash(market, header);
        MarketOpening.slotHash(market, slotHeader);
        MarketOpening.row(header, opening);
        MarketOpening.fill(slotHeader, fill);
        Row calldata row = opening.row;
        if (row.slot != slotHeader.slot || row.meter != fill.fill.meter) revert NotRelated();
        int256 contracted = _contracted(fill);
        bool isOfOrder = row.orderHash == fill.fill.orderHash;
        // An order that got nothing makes no contract, but another order of the meter may have.
        if (contracted == 0 && !isOfOrder) revert NothingWrong();
        if (row.contractedWh != contracted || !isOfOrder) return _wrong(header, "row-contract");
        revert NothingWrong();
    }

    /// @notice A day has no row for an order that got something.
    function rowMissing(DayHeader calldata header, SlotHeader calldata slotHeader, FillOpening calldata fill, RowGap calldata gap)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        MarketOpening.slotHash(market, slotHeader);
        MarketOpening.fill(slotHeader, fill);
        if (MarketTypes.dayOf(slotHeader.slot) != header.day || fill.fill.fillWh == 0) revert NotRelated();
        return _missing(header, gap, slotHeader.slot, fill.fill.meter);
    }

    /// @notice A day has no row for a meter whose reading was shown.
    function rowMissingForReading(DayHeader calldata header, uint64 slot, bytes32 meter, RowGap calldata gap)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        ProvenReading memory reading = market.readingOf(slot, meter);
        bool isShown = reading.status == ReadingStatus.Proven && reading.meteredWh != 0;
        if (MarketTypes.dayOf(slot) != header.day || !isShown) revert NotRelated();
        Verdict memory verdict = _missing(header, gap, slot, meter);
        verdict.slashed = reading.acknowledged;
        return verdict;
    }

    /// @notice A row is not metered by what was shown, or not by the missing rule where nothing was shown when it was demanded.
    /// @dev A row that claims a lower crossing than the one shown stands until the operator had time to show it.
    function readingWrong(DayHeader calldata header, RowOpening calldata opening) external view returns (Verdict memory) {
        MarketOpening.dayHash(market, header);
        MarketOpening.row(header, opening);
        Row calldata row = opening.row;
        bool isSubstituted = row.flags & MarketTypes.ROW_SUBSTITUTED != 0;
        ProvenReading memory reading = market.readingOf(row.slot, row.meter);
        if (reading.status == ReadingStatus.None) revert NotRelated();
        if (reading.status == ReadingStatus.Missing) {
            if (isSubstituted) revert NothingWrong();
            // It may have been spread flat between boundaries further apart, which cannot be shown: the row falls, the bond does not.
            return Verdict(Target.Day, header.day, "reading-missing", false);
        }
        if (row.meteredWh == reading.meteredWh && !isSubstituted) revert NothingWrong();
        uint256 opensAt = uint256(reading.recordedAt) + IMarketWindows(address(market)).answerWindow();
        if (!isSubstituted && _claimsLower(row, reading) && block.timestamp < opensAt) revert TooEarly(opensAt);
        return Verdict(Target.Day, header.day, "reading", reading.acknowledged && _couldKnow(row));
    }

    /// @dev Whoever substitutes a reading that came after the deadline, or spreads over it, does what the rules say.
    function _couldKnow(Row calldata row) private view returns (bool) {
        if (row.flags & (MarketTypes.ROW_SUBSTITUTED | MarketTypes.ROW_SPREAD) == 0) return true;
        uint256 deadline = MarketTypes.startOf(row.slot + 1) + IMarketWindows(address(market)).readingDeadline();
        return IMarketCourt(market.court()).anchoredAt(row.slot, row.meter) <= deadline;
    }

    function _claimsLower(Row calldata row, ProvenReading memory reading) private pure returns (bool) {
        return _isLower(row.importFrom, reading.importFrom) || _isLower(row.importTo, reading.importTo)
            || _isLower(row.exportFrom, reading.exportFrom) || _isLower(row.exportTo, reading.exportTo);
    }

    function _isLower(uint48 claimed, uint48 shown) private pure returns (bool) {
        return claimed != 0 && claimed < shown;
    }

    /// @notice Two neighbouring rows are in the wrong order, or are of one account, slot and meter.
    function rowsUnsorted(DayHeader calldata header, RowOpening calldata left, RowOpening calldata right)
        external
        view
        returns (Verdict memory)
    {
        _openPair(header, left, right);
        if (MarketOpening.isBefore(left.row, right.row.account, right.row.slot, right.row.meter)) revert NothingWrong();
        return _wrong(header, "rows-unsorted");
    }

    // ---- balances ----

    /// @notice Between two neighbouring rows of an account its balance does not change by what the second comes to.
    function stepWrong(DayHeader calldata header, RowOpening calldata left, RowOpening calldata right)
        external
        view
        returns (Verdict memory)
    {
        _openPair(header, left, right);
        if (left.row.account != right.row.account) revert NotRelated();
        if (int256(left.row.cumNano) + right.row.netNano == right.row.cumNano) revert NothingWrong();
        return _wrong(header, "cum-step");
    }

    /// @notice An account's first row of a day does not begin with its balance of the day before.
    function firstStepWrong(
        DayHeader calldata header,
        RowOpening calldata opening,
        BalanceOpening calldata balance,
        DayBefore calldata before
    ) external view returns (Verdict memory) {
        MarketOpening.dayHash(market, header);
        MarketOpening.row(header, opening);
        MarketOpening.balance(header, balance);
        address account = opening.row.account;
        bool isFirst = balance.balance.rowCount != 0 && balance.balance.firstRow == opening.index;
        if (balance.balance.account != account || !isFirst) revert NotRelated();
        if (_broughtOver(header.day, account, before) + opening.row.netNano == opening.row.cumNano) revert NothingWrong();
        return _wrong(header, "cum-first");
    }

    /// @notice An account's balance does not point at its own rows, or is not that of the last of them.
    function balanceWrong(DayHeader calldata header, BalanceOpening calldata balance, RowOpening calldata opening)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        MarketOpening.balance(header, balance);
        uint256 first = balance.balance.firstRow;
        uint256 end = first + balance.balance.rowCount;
        if (end > header.rowCount) return _wrong(header, "balance-range");
        MarketOpening.row(header, opening);
        bool isInside = opening.index >= first && opening.index < end;
        if (isInside != (opening.row.account == balance.balance.account)) return _wrong(header, "balance-rows");
        bool isLast = isInside && opening.index + uint256(1) == end;
        if (isLast && opening.row.cumNano != balance.balance.cumNano) return _wrong(header, "balance-last");
        revert NothingWrong();
    }

    /// @notice An account without rows has another balance than the day before. Grid, retailer and pool may: they have the other side of all rows.
    function carriedWrong(DayHeader calldata header, BalanceOpening calldata balance, DayBefore calldata before)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        MarketOpening.balance(header, balance);
        address account = balance.balance.account;
        if (balance.balance.rowCount != 0 || _isCounter(header.day, account)) revert NotRelated();
        if (_broughtOver(header.day, account, before) == balance.balance.cumNano) revert NothingWrong();
        return _wrong(header, "balance-carried");
    }

    /// @notice An account that had a balance the day before has none.
    function balanceDropped(DayHeader calldata header, BalanceGap calldata gap, DayBefore calldata before)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        address account = before.balance.balance.account;
        if (before.isAbsent || header.day == market.firstDay()) revert NotRelated();
        _broughtOver(header.day, account, before);
        MarketOpening.noBalance(header, gap, account);
        return _wrong(header, "balance-dropped");
    }

    /// @notice Two neighbouring balances are in the wrong order, or are of one account.
    function balancesUnsorted(DayHeader calldata header, BalanceOpening calldata left, BalanceOpening calldata right)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        MarketOpening.balance(header, left);
        MarketOpening.balance(header, right);
        if (uint256(left.index) + 1 != right.index) revert NotRelated();
        if (left.balance.account < right.balance.account) revert NothingWrong();
        return _wrong(header, "balances-unsorted");
    }

    /// @notice A node of the tree of balances has other sums above it than its children have.
    /// @param credit As the node above has them. @param path From the node upwards.
    function sumWrong(DayHeader calldata header, BalanceNode calldata node, uint128 credit, uint128 debit, bytes calldata path)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        bytes32 hash = keccak256(
            abi.encodePacked(
                MarketTypes.BALANCE_NODE, node.left, node.leftCredit, node.leftDebit, node.right, node.rightCredit, node.rightDebit
            )
        );
        _openNode(header, hash, credit, debit, node, path);
        bool isSum = uint256(node.leftCredit) + node.rightCredit == credit && uint256(node.leftDebit) + node.rightDebit == debit;
        if (isSum) revert NothingWrong();
        return _wrong(header, "balance-sum");
    }

    /// @notice A leaf of the tree of balances has another credit or debit above it than its balance is.
    function leafSumWrong(DayHeader calldata header, BalanceOpening calldata leaf, uint128 credit, uint128 debit)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.dayHash(market, header);
        BalanceNode memory node;
        node.index = leaf.index;
        _openNode(header, MarketTypes.leaf(leaf.balance), credit, debit, node, leaf.path);
        (uint128 ownCredit, uint128 ownDebit) = MarketTypes.creditDebit(leaf.balance.cumNano);
        if (ownCredit == credit && ownDebit == debit) revert NothingWrong();
        return _wrong(header, "balance-sum");
    }

    /// @notice An account owes more than it has deposited.
    function insolvent(DayHeader calldata header, BalanceOpening calldata balance) external view returns (Verdict memory) {
        MarketOpening.dayHash(market, header);
        MarketOpening.balance(header, balance);
        int256 unit = int256(market.nanoPerUnit());
        int256 cum = balance.balance.cumNano;
        int256 units = cum / unit;
        if (cum % unit < 0) units -= 1;
        (uint256 deposited, uint256 drawn,,) = market.accountOf(balance.balance.account);
        if (int256(deposited) + units - int256(drawn) >= 0) revert NothingWrong();
        return _wrong(header, "insolvent");
    }

    // ---- shared ----

    function _wrong(DayHeader calldata header, bytes32 reason) private pure returns (Verdict memory) {
        return Verdict(Target.Day, header.day, reason, true);
    }

    /// @dev What a row comes to; without a slot that stands there are no contracts and the parameters are those in force.
    function _net(Row calldata row, SlotHeader calldata slotHeader) private view returns (bool isTraded, int256 net) {
        isTraded = market.slotStatus(row.slot) == SlotStatus.Posted;
        if (!isTraded) {
            Params memory inForce = rules.paramsOf(rules.versionAt(row.slot));
            return (false, MarketSettlement.net(row.contractedWh, row.meteredWh, 0, 0, inForce));
        }
        if (slotHeader.slot != row.slot) revert NotRelated();
        MarketOpening.slotHash(market, slotHeader);
        Params memory params = rules.paramsOf(slotHeader.paramsVersion);
        net = MarketSettlement.net(row.contractedWh, row.meteredWh, slotHeader.priceBuy, slotHeader.priceSell, params);
    }

    function _contracted(FillOpening calldata fill) private pure returns (int256) {
        int256 filled = int256(uint256(fill.fill.fillWh));
        return fill.tier.side == MarketTypes.SELL ? filled : -filled;
    }

    function _missing(DayHeader calldata header, RowGap calldata gap, uint64 slot, bytes32 meter) private view returns (Verdict memory) {
        MarketOpening.noRow(header, gap, rules.tenureAt(meter, slot).owner, slot, meter);
        return _wrong(header, "row-missing");
    }

    function _openPair(DayHeader calldata header, RowOpening calldata left, RowOpening calldata right) private view {
        MarketOpening.dayHash(market, header);
        MarketOpening.row(header, left);
        MarketOpening.row(header, right);
        if (uint256(left.index) + 1 != right.index) revert NotRelated();
    }

    /// @dev What the account brings into the day.
    function _broughtOver(uint64 day, address account, DayBefore calldata before) private view returns (int256) {
        if (day == market.firstDay()) return 0;
        if (before.header.day + 1 != day) revert NotRelated();
        MarketOpening.dayHash(market, before.header);
        if (before.isAbsent) {
            MarketOpening.noBalance(before.header, before.gap, account);
            return 0;
        }
        MarketOpening.balance(before.header, before.balance);
        if (before.balance.balance.account != account) revert NotRelated();
        return before.balance.balance.cumNano;
    }

    /// @dev Of the parameters of any slot of the day.
    function _isCounter(uint64 day, address account) private view returns (bool) {
        uint64 first = day * MarketTypes.SLOTS_PER_DAY;
        uint32 version = rules.versionAt(first + MarketTypes.SLOTS_PER_DAY - 1);
        while (version > 0) {
            Params memory params = rules.paramsOf(version);
            if (account == params.grid || account == params.retailer || account == params.pool) return true;
            if (params.effectiveFromSlot <= first) return false;
            version -= 1;
        }
        return false;
    }

    /// @dev Reverts unless a node with these sums stands there. A tree above a node is as good as any: its leaves are the nodes of this level.
    function _openNode(DayHeader calldata header, bytes32 hash, uint128 credit, uint128 debit, BalanceNode memory node, bytes calldata path)
        private
        pure
    {
        uint256 depth = MarketProof.depthOf(header.accountCount);
        bool isInside = node.level <= depth && path.length == (depth - node.level) * MarketProof.BALANCE_LEVEL;
        if (!isInside || uint256(node.index) >> (depth - node.level) != 0) revert NotRelated();
        // Sums on the way up are the claimed ones: all that matters is whether the node stands there.
        uint256 index = node.index;
        for (uint256 next = 0; next < path.length; next += MarketProof.BALANCE_LEVEL) {
            bytes memory own = abi.encodePacked(hash, credit, debit);
            bytes calldata sibling = path[next:next + MarketProof.BALANCE_LEVEL];
            hash = keccak256(
                index & 1 == 0 ? bytes.concat(MarketTypes.BALANCE_NODE, own, sibling) : bytes.concat(MarketTypes.BALANCE_NODE, sibling, own)
            );
            credit += uint128(bytes16(sibling[32:48]));
            debit += uint128(bytes16(sibling[48:64]));
            index >>= 1;
        }
        if (hash != header.balancesRoot) revert MarketOpening.NotThere(hash, header.balancesRoot);
    }
}
