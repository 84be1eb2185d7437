// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice One call auction over the allowances of one compliance period.
/// @param period Id of the allowances, as their contract numbers them.
/// @param closesAt Orders are taken before this time, in seconds.
/// @param settleBy From here on an unsettled round gives everything back.
/// @param lotsMin No order is smaller, so that a full round costs something to fill.
/// @param limitMin No limit is lower, in nano-currency a lot.
/// @param bids How many places of the side are taken. @param asks Likewise.
/// @param settled Price and volume stand.
/// @param price Nano-currency a lot, the same for everybody; 0 if nothing was traded.
/// @param volume Lots that changed hands.
struct Round {
    uint256 period;
    uint64 closesAt;
    uint64 settleBy;
    uint32 lotsMin;
    uint64 limitMin;
    uint8 bids;
    uint8 asks;
    bool settled;
    uint64 price;
    uint64 volume;
}

/// @notice What the engine makes of a round, and the order in which the contract can see that it is right. [agent/trade/allowance-round.ts]
/// @param bidOrder The places of the bids by falling limit, a byte each; among equals as one likes.
/// @param askOrder The places of the asks by rising limit.
/// @param bidFills What each bid gets, by place: lots, four bytes each.
struct RoundClearing {
    uint64 volume;
    uint64 price;
    bytes bidOrder;
    bytes askOrder;
    bytes bidFills;
    bytes askFills;
}

/// @title Sells carbon allowances against an ERC-20, in rounds that clear at one price.
/// @notice A round is open, then closed, then settled or given up. What an order may cost is moved in with it: a bid's lots times its limit, an ask's allowances. After the close anybody hands in
/// what the engine makes of the orders; the contract checks every bit of it, so that nobody has to be believed. Then each takes out what is due.
/// A lot is 1 kg CO2e, 1,000,000 units of the allowance token, which counts in mg. A price is nano-currency a lot, which is micro-currency a tonne.
///
/// | who | may | may not |
/// |---|---|---|
/// | anybody | open a round, settle a closed one, send another's claim (its trader is paid) | choose price, fills, or where money goes |
/// | a trader | place orders, take out what is due, to another address too | take an order back: it stands until the round ends |
interface IAllowanceAuction {
    event RoundOpened(uint256 indexed round, uint256 indexed period, uint64 closesAt, uint64 settleBy, uint32 lotsMin, uint64 limitMin);
    /// @param side 1 buys, 2 sells. @param limit Nano-currency a lot.
    event OrderPlaced(uint256 indexed round, uint8 indexed side, uint256 place, address indexed trader, uint32 lots, uint64 limit);
    /// @notice A side was full, and a better order took the place of its worst; what that had moved in waits in `collect` or `collectAllowances`.
    event OrderPushedOut(uint256 indexed round, uint8 indexed side, uint256 place, address indexed trader);
    event RoundSettled(uint256 indexed round, uint64 price, uint64 volume, address indexed by);
    /// @param money Units of currency paid out. @param mg Allowances paid out.
    event Claimed(
        uint256 indexed round, uint8 indexed side, uint256 place, address indexed trader, address to, uint32 fill, uint256 money, uint256 mg
    );
    event Collected(address indexed account, address to, uint256 money);
    event AllowancesCollected(address indexed account, uint256 indexed period, address to, uint256 mg);

    error BadTerms(bytes32 what, uint256 value, uint256 least, uint256 most);
    error Reentered();
    error UnknownRound(uint256 round);
    error RoundClosed(uint256 round, uint64 closesAt);
    /// @notice The round still takes orders, or can still be settled.
    error TooEarly(uint256 round, uint256 opensAt);
    error TooLate(uint256 round, uint256 settleBy);
    error AlreadySettled(uint256 round);
    error OrderTooSmall(uint32 lots, uint32 lotsMin);
    error LimitOutOfRange(uint64 limit, uint64 least, uint64 most);
    /// @notice The side is full, and this order is not better than the worst there.
    error SideFull(uint8 side, uint64 worstLimit);
    /// @notice What arrived is not what was moved: the token takes a fee, or moves nothing.
    error TransferTookFee(uint256 amount, uint256 received);
    error TransferRefused();
    error NothingThere(uint256 round, uint8 side, uint256 place);
    error NothingToPay(address account);
    error NotTrader(address sender, address trader);

    error WrongLength(uint8 side, uint256 length, uint256 expected);
    /// @notice A place that does not exist, or that was named before.
    error NotAPermutation(uint8 side, uint256 position);
    error NotSorted(uint8 side, uint256 position);
    error WrongClearing(uint256 volume, uint256 price, uint256 expectedVolume, uint256 expectedPrice);
    error WrongFill(uint8 side, uint256 place, uint256 fill, uint256 expected);
    /// @notice Not as many lots as are left over by rounding were given, or not to the largest remainders.
    error UnfairShare(uint8 side, uint256 given, uint256 left);
    /// @notice Of equal remainders one with a greater key got the lot.
    error WrongTie(uint8 side, bytes32 given, bytes32 leftOut);

    function openRound(uint256 period, uint64 closesAt, uint64 settleBy, uint32 lotsMin, uint64 limitMin) external returns (uint256 round);

    /// @notice Bids for lots, and moves in lots times limit, rounded up to a unit of the currency.
    function buy(uint256 round, uint32 lots, uint64 limit) external returns (uint256 place);

    /// @notice Offers lots, and moves in their allowances.
    function sell(uint256 round, uint32 lots, uint64 limit) external returns (uint256 place);

    /// @notice Takes the clearing of a closed round if it is the engine's, to the last lot; else reverts. What is left of roundings goes to the sender: less than a unit an order.
    function settle(uint256 round, RoundClearing calldata clearing) external;

    /// @notice Pays what an order came to: what was bought or earned, and what was moved in for nothing. Anybody may send it; only the trader names another address.
    function claim(uint256 round, uint8 side, uint256 place, address to) external returns (uint256 money, uint256 mg);

    /// @notice Pays the sender what waits outside of orders: of orders that were pushed out, and of roundings.
    function collect(address to) external returns (uint256 money);
    function collectAllowances(uint256 period, address to) external returns (uint256 mg);

    function roundOf(uint256 round) external view returns (Round memory);
    /// @notice The orders that stand, by place, a word each: trader (160 bits), lots (32), limit (64). Zero for one that was claimed.
    function bookOf(uint256 round) external view returns (uint256[] memory bids, uint256[] memory asks);
    function fillOf(uint256 round, uint8 side, uint256 place) external view returns (uint32);
}
