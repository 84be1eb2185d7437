// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket} from "./IEnergyMarket.sol";
import {IMarketRules} from "./IMarketRules.sol";
import {BalanceOpening, FillOpening, MarketOpening, OrderOpening, RowOpening, TierOpening} from "./MarketOpening.sol";
import {MarketOrder} from "./MarketOrder.sol";
import {MarketSignature} from "./MarketSignature.sol";
import {DayHeader, Delegation, Fill, MarketTypes, Order, SlotHeader} from "./MarketTypes.sol";
import {Asked, Leaf} from "./MarketVerdict.sol";

/// @notice What a trader signed to take orders out.
/// @param isCounter A CounterIncrement to `counter`, else an OrderCancellation of `hashes`. @param signature Empty if the trader raised its counter on the chain.
struct TakenOut {
    bool isCounter;
    uint64 counter;
    bytes32[] hashes;
    bytes signature;
}

/// @title Checks what an operator shows when it is asked to.
/// @notice Each function tells which demand it answers, and reverts if what is shown is not what was committed to. What is shown stands in the calldata for
/// everybody to read.
contract MarketAnswers {
    error NothingShown();
    /// @notice The order may not stand in this slot, or nobody who may signed it.
    error OrderNotValid(bytes32 reason);

    IEnergyMarket public immutable market;
    IMarketRules public immutable rules;

    constructor(IEnergyMarket market_) {
        market = market_;
        rules = market_.rules();
    }

    // ---- leaves of a slot ----

    function showOrderInSet(SlotHeader calldata header, OrderOpening calldata opening) external view returns (Asked memory) {
        bytes32 commit = MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        return Asked(Leaf.OrderInSet, header.slot, commit, 0, opening.index, 0, 0);
    }

    function showTier(SlotHeader calldata header, TierOpening calldata opening) external view returns (Asked memory) {
        bytes32 commit = MarketOpening.slotHash(market, header);
        MarketOpening.tier(header, opening);
        return Asked(Leaf.Tier, header.slot, commit, opening.side, opening.index, 0, 0);
    }

    function showFill(SlotHeader calldata header, FillOpening calldata opening) external view returns (Asked memory) {
        bytes32 commit = MarketOpening.slotHash(market, header);
        MarketOpening.fill(header, opening);
        return Asked(Leaf.Fill, header.slot, commit, opening.tier.side, opening.tier.index, opening.index, 0);
    }

    /// @notice That a tier has no order at a place: padding stands there, or the place is beyond its tree, which `opening` is of.
    /// @param pad Path of the place; empty if it is beyond the tree.
    function showNoFill(SlotHeader calldata header, FillOpening calldata opening, uint32 index, bytes calldata pad)
        external
        view
        returns (Asked memory)
    {
        bytes32 commit = MarketOpening.slotHash(market, header);
        MarketOpening.fill(header, opening);
        if (pad.length == 0) {
            if (index < MarketOpening.fillLeaves(opening.path)) revert NothingShown();
        } else {
            if (pad.length != opening.path.length) revert NothingShown();
            MarketOpening.noFill(opening.tier.tier.ordersRoot, index, pad);
        }
        return Asked(Leaf.Fill, header.slot, commit, opening.tier.side, opening.tier.index, index, 0);
    }

    function showForced(SlotHeader calldata header, OrderOpening calldata opening) external view returns (Asked memory) {
        bytes32 commit = MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        return Asked(Leaf.ForcedOrder, header.slot, commit, 0, 0, 0, opening.leaf.orderHash);
    }

    // ---- orders ----

    /// @notice The order at a place of the set, with who signed it; or, with everything else empty, that it was taken out.
    function showOrder(
        SlotHeader calldata header,
        OrderOpening calldata opening,
        Order calldata order,
        bytes calldata signature,
        Delegation calldata delegation,
        bytes calldata delegationSignature
    ) external view returns (Asked memory asked) {
        bytes32 commit = MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        asked = Asked(Leaf.OrderBody, header.slot, commit, 0, opening.index, 0, 0);
        if (opening.leaf.cancellation != 0) return asked;
        bytes32 domain = market.domainSeparator();
        if (MarketOrder.hashOf(domain, order) != opening.leaf.orderHash) revert NothingShown();
        bytes32 reason = MarketOrder.fault(rules, header, order);
        if (reason != 0) revert OrderNotValid(reason);
        if (!MarketOrder.isSigned(domain, order, _gate(header), signature, delegation, delegationSignature)) {
            revert OrderNotValid("order-signature");
        }
    }

    /// @notice What took the order at a place of the set out; or, with everything else empty, that it stands.
    /// @dev An OrderCancellation is signed by the trader, or by an agent of its own. A counter may have been raised on the chain instead of by a signature.
    function showCancellation(
        SlotHeader calldata header,
        OrderOpening calldata opening,
        Order calldata order,
        TakenOut calldata taken,
        Delegation calldata delegation,
        bytes calldata delegationSignature
    ) external view returns (Asked memory asked) {
        bytes32 commit = MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        asked = Asked(Leaf.Cancellation, header.slot, commit, 0, opening.index, 0, 0);
        if (opening.leaf.cancellation == 0) return asked;
        bytes32 domain = market.domainSeparator();
        if (MarketOrder.hashOf(domain, order) != opening.leaf.orderHash) revert NothingShown();
        bytes32 digest = MarketTypes.digest(domain, _structHash(order, taken));
        if (digest != opening.leaf.cancellation) revert NothingShown();
        if (taken.isCounter) {
            if (taken.counter <= order.counter) revert NothingShown();
            if (taken.signature.length == 0 && MarketOrder.isCounterStale(rules, order, _gate(header), 0)) return asked;
        } else if (!_holds(taken.hashes, opening.leaf.orderHash)) {
            revert NothingShown();
        }
        address signer = order.trader;
        if (delegationSignature.length != 0) {
            bool isFor = delegation.owner == order.trader && delegation.market == order.market && delegation.meter == order.meter;
            bytes32 delegationHash = MarketTypes.digest(domain, MarketTypes.structHash(delegation));
            if (!isFor || !MarketSignature.isBy(order.trader, delegationHash, delegationSignature)) revert NothingShown();
            signer = delegation.agent;
        }
        if (!MarketSignature.isBy(signer, digest, taken.signature)) revert OrderNotValid("cancellation-signature");
    }

    function _structHash(Order calldata order, TakenOut calldata taken) private pure returns (bytes32) {
        if (taken.isCounter) return MarketTypes.counterIncrementStructHash(order.trader, order.market, taken.counter);
        return MarketTypes.cancellationStructHash(taken.hashes);
    }

    function _holds(bytes32[] calldata hashes, bytes32 orderHash) private pure returns (bool) {
        for (uint256 i = 0; i < hashes.length; ++i) {
            if (hashes[i] == orderHash) return true;
        }
        return false;
    }

    function _gate(SlotHeader calldata header) private view returns (uint256) {
        return MarketOrder.gateOf(rules.paramsOf(header.paramsVersion), header.slot);
    }

    // ---- leaves of a day ----

    function showRow(DayHeader calldata header, RowOpening calldata opening) external view returns (Asked memory) {
        bytes32 commit = MarketOpening.dayHash(market, header);
        MarketOpening.row(header, opening);
        return Asked(Leaf.Row, header.day, commit, 0, opening.index, 0, 0);
    }

    function showBalance(DayHeader calldata header, BalanceOpening calldata opening) external view returns (Asked memory) {
        bytes32 commit = MarketOpening.dayHash(market, header);
        MarketOpening.balance(header, opening);
        return Asked(Leaf.Balance, header.day, commit, 0, opening.index, 0, 0);
    }

    /// @notice The fill that a row's contract comes from; or, with everything else empty, that the row has no contract.
    function showContract(DayHeader calldata header, RowOpening calldata opening, SlotHeader calldata slotHeader, FillOpening calldata fill)
        external
        view
        returns (Asked memory asked)
    {
        bytes32 commit = MarketOpening.dayHash(market, header);
        MarketOpening.row(header, opening);
        asked = Asked(Leaf.RowContract, header.day, commit, 0, opening.index, 0, 0);
        if (opening.row.contractedWh == 0) return asked;
        MarketOpening.slotHash(market, slotHeader);
        MarketOpening.fill(slotHeader, fill);
        Fill calldata one = fill.fill;
        if (slotHeader.slot != opening.row.slot || one.meter != opening.row.meter || one.orderHash != opening.row.orderHash) {
            revert NothingShown();
        }
        int256 filled = int256(uint256(one.fillWh));
        if (opening.row.contractedWh != (fill.tier.side == MarketTypes.SELL ? filled : -filled)) revert NothingShown();
    }
}
