// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a proof of fraud is about: `Operator` for what voids nothing.
enum Target {
    None,
    Slot,
    Day,
    Operator
}

/// @notice What a judge found. It reverts if it found nothing wrong.
/// @param number The slot or day; for the operator, the slot that it signed for.
/// @param reason What is wrong, as a short word. @param slashed Whether the bond falls for it.
struct Verdict {
    Target target;
    uint64 number;
    bytes32 reason;
    bool slashed;
}

/// @notice What the operator is asked to show.
enum Leaf {
    None,
    OrderInSet, //    `index` of the order set
    Tier, //          `index` of a side
    Fill, //          `other` of the tier `index` of a side
    Row, //           `index` of the day
    Balance, //       `index` of the day
    OrderBody, //     the order at `index` of the set, with what makes it valid; or that it was taken out
    Cancellation, //  what took the order at `index` of the set out; or that it stands
    RowContract, //   the fill that the contract of row `index` comes from; or that it has none
    ForcedOrder //    the place in the set of the order `hash`, which was forced onto the chain
}

/// @notice One thing to be shown, by the commitment that it belongs to.
/// @param number The slot or day. @param commit Hash of its header. @param side 1 bids, 2 asks, else 0.
struct Asked {
    Leaf leaf;
    uint64 number;
    bytes32 commit;
    uint8 side;
    uint32 index;
    uint32 other;
    bytes32 hash;
}
