// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Params} from "./MarketTypes.sol";

/// @title What a row comes to.
/// @notice c is contracted, m metered net export in Wh; d = m − c. [agent/trade/settle.ts]
library MarketSettlement {
    /// @notice net = c·p + (d > 0 ? d·F : d·(R − g)) + (m < 0 ? m·g : 0), in nano-currency: p is the selling price for c > 0, else the buying price.
    function net(int64 contractedWh, int64 meteredWh, uint64 priceBuy, uint64 priceSell, Params memory params)
        internal
        pure
        returns (int256 nano)
    {
        // In 256 bits nothing of this overflows: energies have 64 bits and prices 53.
        int256 c = contractedWh;
        int256 m = meteredWh;
        int256 d = m - c;
        int256 fee = int256(uint256(params.gridFeeMicroPerKwh));
        nano = c * int256(uint256(c > 0 ? priceSell : priceBuy));
        nano += d * (d > 0 ? int256(uint256(params.feedInMicroPerKwh)) : int256(uint256(params.retailMicroPerKwh)) - fee);
        if (m < 0) nano += m * fee;
    }

    /// @notice What stands in for a reading that is missing: a seller delivered nothing, a buyer took the most that is known of him.
    function missingWh(int64 contractedWh, uint64 usualImportWh) internal pure returns (int256) {
        if (contractedWh > 0) return 0;
        int256 bought = -int256(contractedWh);
        int256 usual = int256(uint256(usualImportWh));
        return bought > usual ? -bought : -usual;
    }
}
