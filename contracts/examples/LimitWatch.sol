// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "../IAnchorRegistry.sol";
import {Entry, LogEntry} from "../LogEntry.sol";

/// @title An example, not audited: records readings of one channel above a limit, and pays once for the first.
/// @notice Somebody locks an amount here and names who gets it if a channel of a log goes above a limit, such as the temperature in a truck.
/// Anybody may then report a reading: what `kedge calldata` prints for its receipt are the arguments.
/// @dev What it rests on: the registry, that the log's operator tells the truth about what the meter said, and that the chain key speaks
/// for the log. The Ed25519 signature of the checkpoint is not checked on the chain. Times of an entry are claims and are not used; that a
/// reading is of this agreement is shown by its place: it was appended behind `firstIndex`.
contract LimitWatch {
    /// @notice What is watched, fixed when the contract is made.
    /// @param logId The log in the registry. An epoch is a log of its own.
    /// @param subject The channel: bytes 18 to 49 of its entries.
    /// @param quantity Its code, such as 30 for temperature.
    /// @param exponent Of its entries: fixed for each channel, so that values can be compared as they are.
    /// @param limit Readings above it count, in 10^exponent base units.
    /// @param firstIndex Earlier entries do not count; the size of the log when this was agreed.
    struct Watched {
        bytes32 logId;
        bytes32 subject;
        uint16 quantity;
        int8 exponent;
        int64 limit;
        uint64 firstIndex;
    }

    /// @notice The entry was above the limit; the first one pays.
    event Exceeded(uint64 indexed index, int64 value, uint48 measuredAtMs);

    error NotInAnchoredLog(uint64 index);
    error NotOfThisChannel(uint64 index);
    error TooEarly(uint64 index, uint64 firstIndex);
    error ReadingNotUsable(uint64 index, uint24 quality);
    error NotAboveLimit(int64 value, int64 limit);
    error AlreadyReported(uint64 index);
    error PaymentFailed();

    uint8 private constant READING = 1;
    /// @dev Estimated, substituted, simulated, conflict, no value, appended again, invalid, correction: bits 0, 1, 2, 5, 8, 10, 11 and 17. An
    /// appended-again reading counted in its own epoch.
    uint24 private constant UNUSABLE = 0x20D27;

    IAnchorRegistry public immutable registry;
    address payable public immutable beneficiary;
    Watched public watched;
    bool public paid;
    mapping(uint64 index => bool) public reported;

    constructor(IAnchorRegistry registry_, address payable beneficiary_, Watched memory watched_) payable {
        registry = registry_;
        beneficiary = beneficiary_;
        watched = watched_;
    }

    /// @notice Shows that a reading above the limit is in the log. The arguments are those of `IAnchorRegistry.verifyInclusion`.
    function report(uint64 size, uint64 time, bytes32 root, uint64 index, bytes calldata leafData, bytes32[] calldata inclusionProof)
        external
    {
        Watched memory what = watched;
        if (index < what.firstIndex) revert TooEarly(index, what.firstIndex);
        if (reported[index]) revert AlreadyReported(index);
        // First that these bytes are in the log, then what the very same bytes say.
        if (!registry.verifyInclusion(what.logId, size, time, root, index, leafData, inclusionProof)) revert NotInAnchoredLog(index);
        Entry memory entry = LogEntry.decode(leafData);
        if (entry.kind != READING || entry.subject != what.subject || entry.quantity != what.quantity || entry.exponent != what.exponent) {
            revert NotOfThisChannel(index);
        }
        if (entry.quality & UNUSABLE != 0) revert ReadingNotUsable(index, entry.quality);
        if (entry.value <= what.limit) revert NotAboveLimit(entry.value, what.limit);

        reported[index] = true;
        emit Exceeded(index, entry.value, entry.measuredAtMs);
        if (paid) return;
        // Written before the payment, so that a beneficiary who calls back finds it done.
        paid = true;
        (bool sent,) = beneficiary.call{value: address(this).balance}("");
        if (!sent) revert PaymentFailed();
    }
}
