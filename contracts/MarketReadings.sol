// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {IEnergyMarket, ProvenReading} from "./IEnergyMarket.sol";
import {CrossingProof, MeterReading, ReadingProof} from "./MeterReading.sol";

/// @title Checks readings of meters against anchored logs, for a court.
/// @dev Apart from the court for its size only. [EIP-170]
contract MarketReadings {
    IEnergyMarket public immutable market;

    constructor(IEnergyMarket market_) {
        market = market_;
    }

    /// @return reading What the registers say. @return anchoredAt When the last of the entries was anchored, by the heads shown, in seconds since 1970.
    function read(uint64 slot, bytes32 meter, ReadingProof calldata proof)
        external
        view
        returns (ProvenReading memory reading, uint64 anchoredAt)
    {
        reading = MeterReading.netExport(IAnchorRegistry(market.registry()), market.rules(), meter, slot, proof);
        anchoredAt = _later(_timeOf(proof.importStart), _timeOf(proof.importEnd));
        anchoredAt = _later(anchoredAt, _later(_timeOf(proof.exportStart), _timeOf(proof.exportEnd)));
    }

    function _timeOf(CrossingProof calldata proof) private pure returns (uint64) {
        return _later(proof.before.time, proof.behind.time);
    }

    function _later(uint64 a, uint64 b) private pure returns (uint64) {
        return a > b ? a : b;
    }
}
