// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlotHeader, DayHeader, Order} from "./MarketTypes.sol";
import {Asked, Target} from "./MarketVerdict.sol";
import {ReadingProof} from "./MeterReading.sol";

/// @notice Who judges what; each is a contract without state.
enum Judge {
    Slot, //   a slot's trees
    Order, //  the orders of a slot
    Day //     rows and balances
}

/// @notice What a court is made with.
/// @param market The EnergyMarket that names this court. @param answers Checks what the operator shows. @param readings Checks readings of meters.
/// @param stake Token units that a challenge or a demand puts at stake: more than the gas of checking it is worth.
struct CourtConfig {
    address market;
    address slotJudge;
    address orderJudge;
    address dayJudge;
    address answers;
    address readings;
    uint128 stake;
}

/// @title Where anybody shows that the operator of an energy market cheats.
/// @notice A *challenge* shows a wrong: its proof is checked at once. If it holds, the slot or the day is void and, where the operator could have known, its bond
/// falls; the stake comes back. If it does not, the stake is the operator's. A *demand* asks for what only the operator has, a leaf, an order, what took an order out:
/// answered in time, the stake is the operator's; not answered, what was asked about is void and the bond falls.
///
/// Stakes are moved from the challenger's credit in the market (`fundCredit`). Call `challenge` as a view first: it costs nothing to see that a proof does not hold.
/// Whoever comes first with a proof is paid; one who comes second reverts with `NothingStands` and loses nothing but gas.
interface IMarketCourt {
    event ChallengeWon(Target indexed target, uint64 indexed number, bytes32 indexed reason, address challenger);
    event ChallengeLost(Target indexed target, uint64 indexed number, address indexed challenger, bytes problem);
    event LeafDemanded(bytes32 indexed id, address indexed by, Asked asked, uint64 answerBefore);
    /// @notice What was shown is in the calldata of this transaction, as `call`.
    event LeafShown(bytes32 indexed id, bytes call);
    event LeafNotShown(bytes32 indexed id, Asked asked);

    /// @notice The judge was made for another market.
    error JudgeOfAnother(address judge, address market);
    /// @notice The slot or the day has no header now, or the operator was convicted for it already.
    error NothingStands(Target target, uint64 number);
    /// @notice The proof is about something else than what was challenged.
    error OtherTarget(Target target, uint64 number);
    /// @notice The judge gave no answer: the call is malformed, or had too little gas. No stake is lost by that.
    error NoVerdict();
    error AlreadyDemanded(bytes32 id);
    error NotDemanded(bytes32 id);
    /// @notice What is shown is not what was asked for.
    error OtherLeaf(bytes32 id);
    /// @notice There is no such leaf to ask for.
    error NoSuchLeaf(Asked asked);
    /// @notice It may be sent from `opensAt` on, in seconds since 1970.
    error TooEarly(uint256 opensAt);
    /// @notice It could be sent until `closedAt`, in seconds since 1970.
    error TooLate(uint256 closedAt);
    /// @notice A reading is known whose crossings are lower, or the very same.
    error NotLower(uint64 slot, bytes32 meter);

    function stake() external view returns (uint256);
    function judgeOf(Judge judge) external view returns (address);
    /// @notice When the last of the entries was anchored that a reading rests on, in seconds since 1970; zero if no reading is known.
    function anchoredAt(uint64 slot, bytes32 meter) external view returns (uint64);
    function demandOf(bytes32 id) external view returns (address by, uint64 answerBefore);

    /// @notice Shows a wrong. @param call The call of a judge's function, ABI-encoded. @return won Whether the proof holds.
    function challenge(Target target, uint64 number, Judge judge, bytes calldata call) external returns (bool won);
    /// @notice Shows the reading of a slot, from entries of the meter's logs. Closes a demand for it. A reading whose crossings are lower replaces one that is known.
    function showReading(uint64 slot, bytes32 meter, ReadingProof calldata proof) external;

    /// @notice Demands a leaf of a slot.
    function demandOfSlot(SlotHeader calldata header, Asked calldata asked) external returns (bytes32 id);
    /// @notice Demands that an order that was forced onto the chain be shown in the set of a slot that it is for.
    function demandForced(SlotHeader calldata header, Order calldata order) external returns (bytes32 id);
    /// @notice Demands a leaf of a day.
    function demandOfDay(DayHeader calldata header, Asked calldata asked) external returns (bytes32 id);
    /// @notice Answers a demand. @param call The call of a function of `answers`, ABI-encoded.
    function show(Asked calldata asked, bytes calldata call) external;
    /// @notice Closes a demand that was not answered in time.
    function closeDemand(Asked calldata asked) external;
}
