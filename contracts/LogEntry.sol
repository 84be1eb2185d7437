// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice One entry of a log, its 118 bytes taken apart. The names and units are those of the agent's format.
/// @param kind 1 reading, 2 note, 3 enrolment, 4 order, 6 epoch, 7 identity of a device, 8 statement, and more to come; 5 is for checkpoints of other logs.
/// @param version Version of the layout, 1.
/// @param salt Sixteen random bytes that keep the entry's hash from being guessed.
/// @param subject Salted hash of the channel or thing that the entry is about.
/// @param quantity Code of the quantity in the registry; for other kinds than readings a sub-kind. Of a statement: 1 site, 2 factor, 3 activity, 4 report, 5 shipment, 6 leg, 7 assignment, 8 hand-over,
/// 9 verdict, 10 certificate.
/// @param exponent Power of ten: the reading is value · 10^exponent in the quantity's base unit.
/// @param quality Quality bits.
/// @param value The number itself. Of a report the total in mg CO2e; of a verdict 1 good, 2 excursion, 3 indeterminate; of other statements 0.
/// @param measuredAtMs Milliseconds since 1970 as the device claims; 0 if it claims none.
/// @param arrivedAtMs Milliseconds since 1970 by the agent's clock.
/// @param number Contiguous per subject and epoch, from 1.
/// @param span Length of the interval in milliseconds, or the epoch of a counter; else 0.
/// @param source Salted hash of the arrival or body that the entry was made from.
struct Entry {
    uint8 kind;
    uint8 version;
    bytes16 salt;
    bytes32 subject;
    uint16 quantity;
    int8 exponent;
    uint24 quality;
    int64 value;
    uint48 measuredAtMs;
    uint48 arrivedAtMs;
    uint48 number;
    uint32 span;
    bytes32 source;
}

/// @title Reads the 118 canonical bytes of a log entry.
/// @notice Decoding proves nothing: prove first that the bytes are in an anchored log (`IAnchorRegistry.verifyInclusion`), then decode the
/// same bytes.
library LogEntry {
    /// @notice An entry has 118 bytes, neither more nor less.
    error WrongEntryLength(uint256 length);
    /// @notice This library reads version 1 only.
    error WrongEntryVersion(uint8 version);
    /// @notice Kind 0 is never an entry. Kinds that this library does not know are left to the caller.
    error WrongEntryKind(uint8 kind);

    uint256 internal constant LENGTH = 118;
    uint8 internal constant VERSION = 1;

    /// @notice Takes an entry apart, or reverts if its length, version or kind cannot be.
    /// @dev Big-endian and fixed, so that four words and shifts read it:
    ///
    /// | word at | field (bits)                                                                                              |
    /// |--------:|-----------------------------------------------------------------------------------------------------------|
    /// |       0 | kind (8) version (8) salt (128), the rest belongs to the subject                                          |
    /// |      18 | subject (256)                                                                                             |
    /// |      50 | quantity (16) exponent (8) quality (24) value (64) measuredAt (48) arrivedAt (48) number (48): all of 256 |
    /// |      82 | span (32), the rest belongs to the source                                                                 |
    /// |      86 | source (256)                                                                                              |
    function decode(bytes calldata data) internal pure returns (Entry memory) {
        if (data.length != LENGTH) revert WrongEntryLength(data.length);
        uint256 head;
        bytes32 subject;
        uint256 facts;
        uint256 span;
        bytes32 source;
        assembly ("memory-safe") {
            head := calldataload(data.offset)
            subject := calldataload(add(data.offset, 18))
            facts := calldataload(add(data.offset, 50))
            span := shr(224, calldataload(add(data.offset, 82)))
            source := calldataload(add(data.offset, 86))
        }
        if (uint8(head >> 240) != VERSION) revert WrongEntryVersion(uint8(head >> 240));
        if (head >> 248 == 0) revert WrongEntryKind(0);

        return Entry({
            kind: uint8(head >> 248),
            version: uint8(head >> 240),
            salt: bytes16(bytes32(head << 16)),
            subject: subject,
            quantity: uint16(facts >> 240),
            // Narrowing to the field's width first, then to the signed type, keeps the sign of what is in the field.
            exponent: int8(uint8(facts >> 232)),
            quality: uint24(facts >> 208),
            value: int64(uint64(facts >> 144)),
            measuredAtMs: uint48(facts >> 96),
            arrivedAtMs: uint48(facts >> 48),
            number: uint48(facts),
            span: uint32(span),
            source: source
        });
    }
}
