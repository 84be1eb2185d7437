// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {ProvenReading, ReadingStatus} from "./IEnergyMarket.sol";
import {IMarketRules, MeterTerms} from "./IMarketRules.sol";
import {Entry, LogEntry} from "./LogEntry.sol";
import {MarketTypes} from "./MarketTypes.sol";

/// @notice An entry, and that it is in an anchored log: the arguments of `IAnchorRegistry.verifyInclusion`.
struct EntryProof {
    bytes32 logId;
    uint64 size;
    uint64 time;
    bytes32 root;
    uint64 index;
    bytes leafData;
    bytes32[] inclusionProof;
}

/// @notice Two entries of one register that follow each other, with a moment between them.
struct CrossingProof {
    EntryProof before;
    EntryProof behind;
}

/// @notice Both registers of a meter at both ends of a slot.
struct ReadingProof {
    CrossingProof importStart;
    CrossingProof importEnd;
    CrossingProof exportStart;
    CrossingProof exportEnd;
}

/// @notice What a register was at a moment.
/// @param number Of the entry before it. @param counterEpoch How often the counter had begun anew. @param isOperators The entries are in a log of the operator's own.
struct Crossing {
    uint256 registerWh;
    uint32 counterEpoch;
    uint48 number;
    bool isOperators;
}

/// @title Turns anchored entries into the energy of a slot.
/// @notice The register at a moment T is that of entry n with measuredAt(n) ≤ T < measuredAt(n+1), both within twice the meter's cadence of T. Registers are rounded
/// down to Wh and then subtracted. [agent/trade/meter.ts]
/// @dev What it proves: that the log of this meter says so. That the device measured so needs the device's signature, which no contract checks
/// yet, and that the meter counts right is the grid operator's word. Of several crossings the lowest n counts: that there is no lower one cannot be shown, so a
/// court lets a later proof replace an earlier one if its numbers are lower.
///
/// KNOWN GAP: energy that is spread flat over slots because a boundary between them is missing cannot be proved here, since that would take a proof that
/// no crossing exists. Such rows stand or fall with the demand of a reading.
library MeterReading {
    /// @notice The log is not one of this meter.
    error NotLogOfMeter(bytes32 meter, bytes32 logId);
    /// @notice The entry is not in that log under that head, or the head is none that the registry still keeps.
    error NotAnchored(bytes32 logId, uint64 index);
    /// @notice The entry is not a reading of this register.
    error NotOfRegister(uint8 kind, bytes32 subject, uint16 quantity);
    /// @notice The reading is marked as none that money may rest on.
    error ReadingNotUsable(uint48 number, uint24 quality);
    error ExponentOutOfRange(int8 exponent);
    error NegativeRegister(int64 value);
    /// @notice The second entry does not follow the first one in the same log.
    error NotAdjacent(uint48 number, uint48 nextNumber);
    /// @notice The moment is not between the two entries, or one of them is too far from it. In ms since 1970.
    error NoCrossing(uint256 momentMs, uint256 beforeMs, uint256 behindMs, uint256 farMs);
    /// @notice The register was smaller at the end, or its counter began anew: the slot falls under the missing rule.
    error RegisterFell(uint256 startWh, uint256 endWh, uint32 startEpoch, uint32 endEpoch);

    /// @notice No meter counts so far.
    error RegisterTooLarge(uint256 wh);

    uint256 internal constant REGISTER_MAX = 2 ** 53 - 1;
    uint8 private constant READING = 1;
    uint16 internal constant ENERGY_IMPORT = 1;
    uint16 internal constant ENERGY_EXPORT = 2;
    /// @dev Estimated, substituted, simulated, conflict, no value, invalid, noise, exception, correction: bits 0, 1, 2, 5, 8, 11, 15, 16 and 17. What
    /// cannot be compared stands in another counter epoch. [agent/format/entry.ts]
    uint24 internal constant UNUSABLE = 0x38927;

    /// @notice The net export of a meter in a slot, as its anchored registers say. Reverts if they say nothing.
    function netExport(IAnchorRegistry registry, IMarketRules rules, bytes32 meter, uint64 slot, ReadingProof calldata proof)
        internal
        view
        returns (ProvenReading memory reading)
    {
        MeterTerms memory terms = rules.meterTerms(meter);
        reading.status = ReadingStatus.Proven;
        reading.recordedAt = uint64(block.timestamp);
        Crossing memory start = crossing(registry, rules, meter, terms, ENERGY_IMPORT, slot, proof.importStart);
        Crossing memory end = crossing(registry, rules, meter, terms, ENERGY_IMPORT, slot + 1, proof.importEnd);
        uint256 importWh = _energy(start, end);
        (reading.importFrom, reading.importTo) = (start.number, end.number);
        bool isOperators = start.isOperators && end.isOperators;

        start = crossing(registry, rules, meter, terms, ENERGY_EXPORT, slot, proof.exportStart);
        end = crossing(registry, rules, meter, terms, ENERGY_EXPORT, slot + 1, proof.exportEnd);
        // Registers are at most 2^63, so that their difference fits.
        reading.meteredWh = int64(int256(_energy(start, end)) - int256(importWh));
        (reading.exportFrom, reading.exportTo) = (start.number, end.number);
        reading.acknowledged = isOperators && start.isOperators && end.isOperators;
    }

    /// @notice A register at the beginning of a slot.
    function crossing(
        IAnchorRegistry registry,
        IMarketRules rules,
        bytes32 meter,
        MeterTerms memory terms,
        uint16 quantity,
        uint64 slot,
        CrossingProof calldata proof
    ) internal view returns (Crossing memory found) {
        bytes32 logId = proof.before.logId;
        bool isOfMeter;
        (isOfMeter, found.isOperators) = rules.meterLog(meter, logId);
        if (!isOfMeter) revert NotLogOfMeter(meter, logId);

        bytes32 subject = quantity == ENERGY_IMPORT ? terms.importSubject : terms.exportSubject;
        Entry memory before = _entry(registry, proof.before, subject, quantity);
        Entry memory behind = _entry(registry, proof.behind, subject, quantity);
        // Numbers count within one log: an epoch begins at 1 again.
        if (proof.behind.logId != logId || behind.number != before.number + 1) {
            revert NotAdjacent(before.number, behind.number);
        }

        uint256 momentMs = MarketTypes.startOf(slot) * 1000;
        uint256 farMs = 2 * uint256(terms.cadenceMs);
        // An entry without a time of its device has 0 there, which is far from every slot.
        bool isBetween = before.measuredAtMs <= momentMs && momentMs < behind.measuredAtMs;
        if (!isBetween || momentMs - before.measuredAtMs > farMs || behind.measuredAtMs - momentMs > farMs) {
            revert NoCrossing(momentMs, before.measuredAtMs, behind.measuredAtMs, farMs);
        }
        found.registerWh = _wh(before);
        found.counterEpoch = before.span;
        found.number = before.number;
    }

    /// @dev First that these bytes are in the log, then what the very same bytes say.
    function _entry(IAnchorRegistry registry, EntryProof calldata proof, bytes32 subject, uint16 quantity)
        private
        view
        returns (Entry memory entry)
    {
        bool isIn = registry.verifyInclusion(
            proof.logId, proof.size, proof.time, proof.root, proof.index, proof.leafData, proof.inclusionProof
        );
        if (!isIn) revert NotAnchored(proof.logId, proof.index);
        entry = LogEntry.decode(proof.leafData);
        if (entry.kind != READING || entry.subject != subject || entry.quantity != quantity) {
            revert NotOfRegister(entry.kind, entry.subject, entry.quantity);
        }
        if (entry.quality & UNUSABLE != 0) revert ReadingNotUsable(entry.number, entry.quality);
    }

    /// @dev Rounded down to whole Wh.
    function _wh(Entry memory entry) private pure returns (uint256) {
        if (entry.exponent > 0 || entry.exponent < -3) revert ExponentOutOfRange(entry.exponent);
        if (entry.value < 0) revert NegativeRegister(entry.value);
        uint256 wh = uint256(uint64(entry.value)) / 10 ** uint256(-int256(entry.exponent));
        // Whoever settles counts in numbers that are exact up to 2^53 − 1.
        if (wh > REGISTER_MAX) revert RegisterTooLarge(wh);
        return wh;
    }

    function _energy(Crossing memory start, Crossing memory end) private pure returns (uint256) {
        if (end.registerWh < start.registerWh || end.counterEpoch != start.counterEpoch) {
            revert RegisterFell(start.registerWh, end.registerWh, start.counterEpoch, end.counterEpoch);
        }
        return end.registerWh - start.registerWh;
    }
}
