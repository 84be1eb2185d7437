// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket, ProvenReading, ReadingStatus} from "./IEnergyMarket.sol";
import {IMarketRules} from "./IMarketRules.sol";
import {FillGap, FillOpening, MarketOpening, OrderGap, OrderOpening, TierGap, TierOpening} from "./MarketOpening.sol";
import {MarketOrder} from "./MarketOrder.sol";
import {MarketSignature} from "./MarketSignature.sol";
import {Acknowledgement, MarketTypes, Order, Params, SlotHeader} from "./MarketTypes.sol";
import {Target, Verdict} from "./MarketVerdict.sol";

/// @title Judges whether a slot has the right orders: those that were acknowledged, each once, valid, and in the tier of its price.
/// @notice Each function takes the header as it was posted, the leaves, and what was signed; it reverts with `NothingWrong` if nothing is wrong.
///
/// KNOWN GAP: in metered mode an order counts for no more than its meter showed. That it counts for less, or for nothing, cannot be judged, because no contract
/// knows whether the reading was there when the slot was cleared; the head that anchors it and the event of the slot's posting show that to people.
contract MarketOrderJudge {
    error NothingWrong();
    error NotRelated();
    /// @notice The operator did not sign this.
    error NotOperators();

    IEnergyMarket public immutable market;
    IMarketRules public immutable rules;

    constructor(IEnergyMarket market_) {
        market = market_;
        rules = market_.rules();
    }

    // ---- the set ----

    /// @notice An order that the operator acknowledged before the gate is not in the set of a slot that it is valid for.
    function orderOmitted(
        SlotHeader calldata header,
        Order calldata order,
        Acknowledgement calldata word,
        bytes calldata signature,
        OrderGap calldata gap
    ) external view returns (Verdict memory) {
        MarketOpening.slotHash(market, header);
        _checkAcknowledged(header, order, word, signature);
        if (word.receivedAt >= _gate(header) || MarketOrder.fault(rules, header, order) != 0) revert NothingWrong();
        MarketOpening.noOrder(header, gap, word.sequence);
        return _wrong(header, "order-omitted");
    }

    /// @notice At the sequence of an acknowledged order another one stands in the set.
    function orderReplaced(
        SlotHeader calldata header,
        Order calldata order,
        Acknowledgement calldata word,
        bytes calldata signature,
        OrderOpening calldata opening
    ) external view returns (Verdict memory) {
        MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        _checkAcknowledged(header, order, word, signature);
        if (opening.leaf.sequence == word.sequence && opening.leaf.orderHash != word.orderHash) return _wrong(header, "order-replaced");
        if (opening.leaf.orderHash == word.orderHash && opening.leaf.sequence != word.sequence) return _wrong(header, "order-moved");
        revert NothingWrong();
    }

    /// @notice The set holds an order that came after the gate.
    function orderLate(SlotHeader calldata header, OrderOpening calldata opening, Acknowledgement calldata word, bytes calldata signature)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        _checkSigned(word, signature);
        if (opening.leaf.orderHash != word.orderHash) revert NotRelated();
        if (word.receivedAt < _gate(header)) revert NothingWrong();
        return _wrong(header, "order-late");
    }

    /// @notice An order stands in the set that may not stand in this slot, by its own words or by what the chain knows of meter and trader.
    function orderInvalid(SlotHeader calldata header, OrderOpening calldata opening, Order calldata order)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        if (opening.leaf.cancellation != 0) revert NothingWrong();
        _checkHash(opening.leaf.orderHash, order);
        bytes32 reason = MarketOrder.fault(rules, header, order);
        if (reason == 0) revert NothingWrong();
        return _wrong(header, reason);
    }

    /// @notice Two orders stand that cannot stand side by side: a meter has one order of a side, and in forward mode one side.
    function ordersOfOneMeter(
        SlotHeader calldata header,
        OrderOpening calldata opening,
        Order calldata order,
        OrderOpening calldata otherOpening,
        Order calldata other
    ) external view returns (Verdict memory) {
        MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        MarketOpening.order(header, otherOpening);
        _checkHash(opening.leaf.orderHash, order);
        _checkHash(otherOpening.leaf.orderHash, other);
        bool bothStand = opening.leaf.cancellation == 0 && otherOpening.leaf.cancellation == 0;
        if (opening.index == otherOpening.index || order.meter != other.meter || !bothStand) revert NotRelated();
        if (order.side != other.side && header.mode == MarketTypes.METERED) revert NothingWrong();
        return _wrong(header, "orders-of-one-meter");
    }

    // ---- tiers ----

    /// @notice A tier holds an order that is not its own: of another price, side or meter, or with another quantity than the order, or than its meter showed.
    function fillMisplaced(SlotHeader calldata header, FillOpening calldata opening, Order calldata order)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        MarketOpening.fill(header, opening);
        _checkHash(opening.fill.orderHash, order);
        Params memory params = rules.paramsOf(header.paramsVersion);
        if (opening.tier.side != order.side) return _wrong(header, "fill-side");
        if (opening.tier.tier.price != MarketOrder.priceOf(order, params)) return _wrong(header, "fill-price");
        if (opening.fill.meter != order.meter) return _wrong(header, "fill-meter");
        uint64 quantity = opening.fill.quantityWh;
        if (quantity > order.quantityWh) return _wrong(header, "fill-quantity");
        if (opening.fill.fillWh != 0 && opening.fill.fillWh < order.minQuantityWh) return _wrong(header, "fill-least");
        if (header.mode == MarketTypes.FORWARD) {
            if (quantity != order.quantityWh) return _wrong(header, "fill-quantity");
            revert NothingWrong();
        }
        (bool isShown, uint256 effective) = _effective(header.slot, order);
        if (isShown && quantity > effective) return _wrong(header, "fill-quantity");
        revert NothingWrong();
    }

    /// @notice A tier holds an order that is not in the set, or that was taken out of it.
    function fillNotInSet(SlotHeader calldata header, FillOpening calldata opening, OrderGap calldata gap)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        MarketOpening.fill(header, opening);
        MarketOpening.noOrder(header, gap, opening.fill.sequence);
        return _wrong(header, "fill-not-in-set");
    }

    /// @notice The same, where another order or a cancelled one has that sequence in the set.
    function fillNotStanding(SlotHeader calldata header, FillOpening calldata opening, OrderOpening calldata inSet)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        MarketOpening.fill(header, opening);
        MarketOpening.order(header, inSet);
        if (inSet.leaf.sequence != opening.fill.sequence) revert NotRelated();
        if (inSet.leaf.orderHash != opening.fill.orderHash) return _wrong(header, "fill-not-in-set");
        if (inSet.leaf.cancellation != 0) return _wrong(header, "fill-cancelled");
        revert NothingWrong();
    }

    /// @notice An order stands in the set and there is no tier at its price.
    function orderWithoutTier(SlotHeader calldata header, OrderOpening calldata opening, Order calldata order, TierGap calldata gap)
        external
        view
        returns (Verdict memory)
    {
        uint64 price = _standing(header, opening, order);
        MarketOpening.noTier(header, gap, order.side, price);
        return _wrong(header, "order-unplaced");
    }

    /// @notice An order stands in the set and the tier at its price does not hold it.
    function orderNotInTier(
        SlotHeader calldata header,
        OrderOpening calldata opening,
        Order calldata order,
        TierOpening calldata tier,
        FillGap calldata gap
    ) external view returns (Verdict memory) {
        uint64 price = _standing(header, opening, order);
        MarketOpening.tier(header, tier);
        bool isAtPrice = tier.side == order.side && tier.tier.price == price;
        if (!isAtPrice || tier.index >= MarketOpening.tiersOf(header, tier.side)) revert NotRelated();
        MarketOpening.noFillOf(tier.tier.ordersRoot, gap, opening.leaf.sequence);
        return _wrong(header, "order-unplaced");
    }

    /// @dev The energy price of an order that stands, and must be in a tier. One with a least quantity may have been removed, and in metered mode one whose meter had
    /// not shown anything yet.
    function _standing(SlotHeader calldata header, OrderOpening calldata opening, Order calldata order) private view returns (uint64) {
        MarketOpening.slotHash(market, header);
        MarketOpening.order(header, opening);
        _checkHash(opening.leaf.orderHash, order);
        bool mayBeOut = opening.leaf.cancellation != 0 || order.minQuantityWh > 1 || header.mode == MarketTypes.METERED;
        if (mayBeOut) revert NothingWrong();
        // An order that may not stand is another wrong: `orderInvalid`.
        if (MarketOrder.fault(rules, header, order) != 0) revert NotRelated();
        return MarketOrder.priceOf(order, rules.paramsOf(header.paramsVersion));
    }

    // ---- shared ----

    /// @dev In metered mode: what the order's meter showed on its side, up to its quantity, if a reading was shown that the operator's own log has.
    function _effective(uint64 slot, Order calldata order) private view returns (bool isShown, uint256 effective) {
        ProvenReading memory reading = market.readingOf(slot, order.meter);
        if (reading.status != ReadingStatus.Proven || !reading.acknowledged) return (false, 0);
        int256 traded = order.side == MarketTypes.SELL ? int256(reading.meteredWh) : -int256(reading.meteredWh);
        if (traded <= 0) return (true, 0);
        return (true, uint256(traded) < order.quantityWh ? uint256(traded) : order.quantityWh);
    }

    function _gate(SlotHeader calldata header) private view returns (uint256) {
        return MarketOrder.gateOf(rules.paramsOf(header.paramsVersion), header.slot);
    }

    function _checkHash(bytes32 orderHash, Order calldata order) private view {
        if (MarketOrder.hashOf(market.domainSeparator(), order) != orderHash) revert NotRelated();
    }

    function _checkAcknowledged(SlotHeader calldata header, Order calldata order, Acknowledgement calldata word, bytes calldata signature)
        private
        view
    {
        _checkHash(word.orderHash, order);
        _checkSigned(word, signature);
        if (word.slot != order.slotFrom || !MarketOrder.covers(order, header.slot)) revert NotRelated();
    }

    function _checkSigned(Acknowledgement calldata word, bytes calldata signature) private view {
        if (word.market != market.market()) revert NotRelated();
        bytes32 digest = MarketTypes.digest(market.domainSeparator(), MarketTypes.structHash(word));
        if (!MarketSignature.isBy(market.operator(), digest, signature)) revert NotOperators();
    }

    function _wrong(SlotHeader calldata header, bytes32 reason) private pure returns (Verdict memory) {
        return Verdict(Target.Slot, header.slot, reason, true);
    }
}
