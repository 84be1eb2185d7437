// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMarketRules, Tenure} from "./IMarketRules.sol";
import {MarketSignature} from "./MarketSignature.sol";
import {Delegation, MarketTypes, Order, Params, SlotHeader} from "./MarketTypes.sol";

/// @title What an order is worth in a slot: whether it may stand there, at which price, and who signed it.
library MarketOrder {
    /// @dev A counter that is raised on the chain binds the operator where it could see that before the gate. Else whoever raises it in the last block before a gate convicts
    /// an operator that has done nothing wrong.
    uint256 internal constant COUNTER_LEAD = 600;

    /// @notice Why an order may not stand in a slot, as a short word; zero if it may. Its signature is looked at elsewhere.
    /// @dev The gate of a slot is its start minus the lead that its parameters have.
    function fault(IMarketRules rules, SlotHeader calldata header, Order calldata order) internal view returns (bytes32) {
        Params memory params = rules.paramsOf(header.paramsVersion);
        if (order.market != rules.market()) return "order-market";
        if (order.mode != header.mode) return "order-mode";
        if (order.side != MarketTypes.BUY && order.side != MarketTypes.SELL) return "order-side";
        if (!covers(order, header.slot)) return "order-slot";
        uint256 gate = gateOf(params, header.slot);
        if (order.validUntil < gate) return "order-expired";
        Tenure memory tenure = rules.tenureAt(order.meter, header.slot);
        if (tenure.owner == address(0) || tenure.owner != order.trader) return "order-owner";
        bool isBuy = order.side == MarketTypes.BUY;
        if (order.quantityWh == 0 || order.quantityWh > (isBuy ? tenure.maxImportWh : tenure.maxExportWh)) return "order-capacity";
        if (order.minQuantityWh > order.quantityWh) return "order-least";
        uint256 fee = isBuy ? params.gridFeeMicroPerKwh : 0;
        uint256 most = uint256(params.retailMicroPerKwh) - params.gridFeeMicroPerKwh + fee;
        if (order.limitMicroPerKwh < params.feedInMicroPerKwh + fee || order.limitMicroPerKwh > most) return "order-price";
        if (isCounterStale(rules, order, gate, COUNTER_LEAD)) return "order-counter";
        return 0;
    }

    function covers(Order calldata order, uint64 slot) internal pure returns (bool) {
        return slot >= order.slotFrom && slot - order.slotFrom < order.slotCount;
    }

    function gateOf(Params memory params, uint64 slot) internal pure returns (uint256) {
        return MarketTypes.startOf(slot) - params.gateLeadSeconds;
    }

    /// @notice Whether the trader had raised its counter on the chain beyond the order's, so long before the gate. Counters that were raised off the chain run ahead of it.
    function isCounterStale(IMarketRules rules, Order calldata order, uint256 gate, uint256 lead) internal view returns (bool) {
        uint64 leftAt = rules.counterLeftAt(order.trader, order.counter);
        return leftAt != 0 && leftAt + lead < gate;
    }

    /// @notice The energy price at which an order stands.
    function priceOf(Order calldata order, Params memory params) internal pure returns (uint64) {
        if (params.pricing == MarketTypes.MIDMARKET) {
            uint64 least = params.feedInMicroPerKwh;
            return least + (params.retailMicroPerKwh - params.gridFeeMicroPerKwh - least) / 2;
        }
        if (order.side == MarketTypes.SELL) return order.limitMicroPerKwh;
        // A buyer's limit below the fee stands nowhere: `fault` finds it.
        return order.limitMicroPerKwh < params.gridFeeMicroPerKwh ? 0 : order.limitMicroPerKwh - params.gridFeeMicroPerKwh;
    }

    function hashOf(bytes32 domain, Order calldata order) internal pure returns (bytes32) {
        return MarketTypes.digest(domain, MarketTypes.structHash(order));
    }

    /// @notice Whether the trader signed the order, or an agent of its own within what it was allowed.
    /// @param gate Of the slot, in seconds since 1970. @param delegation Read only if `delegationSignature` is not empty.
    /// @dev KNOWN GAP: when an agent signed is the operator's word (`receivedAt`), so that of a delegation's time only its beginning is held against the gate; and a
    /// revocation is the operator's to heed.
    function isSigned(
        bytes32 domain,
        Order calldata order,
        uint256 gate,
        bytes calldata signature,
        Delegation calldata delegation,
        bytes calldata delegationSignature
    ) internal view returns (bool) {
        bytes32 orderHash = hashOf(domain, order);
        if (delegationSignature.length == 0) return MarketSignature.isBy(order.trader, orderHash, signature);
        bool isFor = delegation.owner == order.trader && delegation.market == order.market && delegation.meter == order.meter;
        if (!isFor || order.quantityWh > delegation.maxWhPerSlot) return false;
        bool isWithin = order.side == MarketTypes.SELL
            ? order.limitMicroPerKwh >= delegation.minSellMicroPerKwh
            : order.limitMicroPerKwh <= delegation.maxBuyMicroPerKwh;
        if (!isWithin || delegation.notBefore > gate) return false;
        bytes32 delegationHash = MarketTypes.digest(domain, MarketTypes.structHash(delegation));
        return MarketSignature.isBy(delegation.owner, delegationHash, delegationSignature)
            && MarketSignature.isBy(delegation.agent, orderHash, signature);
    }
}
