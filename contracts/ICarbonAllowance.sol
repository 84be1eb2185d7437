// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";

/// @notice What holds for a compliance period. Times are seconds since 1970.
/// @param from What was measured from here on counts.
/// @param to What was measured from here on does not.
/// @param coverFrom A report covers all that arrived before, under a head that was anchored then or later: so long are late readings waited for. Not before `to`.
/// @param reportDeadline No report afterwards.
/// @param surrenderDeadline What is not surrendered by then is short. No allowance of the period is issued afterwards.
/// @param challengeWindow For so many seconds after a report it can be challenged.
/// @param answerWindow A demand is answered within so many seconds.
/// @param stake Wei that a report puts at stake.
struct Period {
    uint40 from;
    uint40 to;
    uint40 coverFrom;
    uint40 reportDeadline;
    uint40 surrenderDeadline;
    uint32 challengeWindow;
    uint24 answerWindow;
    uint96 stake;
}

/// @notice The allowances of a site in a period, in mg CO2e.
/// @param held Issued, and not to be transferred until the site has surrendered all.
/// @param shortMg What was missing at the deadline, once `isShortRecorded`.
/// @param isReleased All was surrendered, and what was held beyond it is the account's.
struct Standing {
    uint256 held;
    uint256 surrendered;
    uint256 shortMg;
    bool isReleased;
    bool isShortRecorded;
}

/// @title Emission allowances that are surrendered against what a site's log adds up to.
/// @notice One unit is 1 mg CO2e; 10^9 of them are 1 t, as one CEA or EUA is. A compliance period is a token id of ERC-6909. What a site owes is for `ICarbonReports` to say, and nothing else moves this contract. Who does what:
///
/// | who | may | may not |
/// |---|---|---|
/// | regulator | register sites, open periods, issue until a period closes | touch a balance; change the dates of a period; replace a site's account; issue after the close |
/// | site | surrender, hand its seat on, transfer what is released | transfer what is held |
/// | anybody | transfer, retire what it has, record what is short | |
///
/// No upgrade, no pause, no owner other than the regulator, whose seat passes on in two steps: it is an office that outlives its keys, and a seat that was given to a wrong address must not be lost.
interface ICarbonAllowance is IERC6909 {
    event RegulatorOffered(address indexed to);
    event RegulatorChanged(address indexed from, address indexed to);
    event SiteRegistered(bytes32 indexed siteId, address indexed account);
    event SeatOffered(bytes32 indexed siteId, address indexed to);
    event SeatChanged(bytes32 indexed siteId, address indexed from, address indexed to);
    event PeriodOpened(uint256 indexed period, Period dates);
    event Issued(bytes32 indexed siteId, uint256 indexed period, uint256 amountMg);
    event Surrendered(bytes32 indexed siteId, uint256 indexed period, uint256 amountMg, uint256 leftMg);
    event Released(bytes32 indexed siteId, uint256 indexed period, address indexed account, uint256 amountMg);
    event ShortfallRecorded(bytes32 indexed siteId, uint256 indexed period, uint256 shortMg);
    event Retired(address indexed account, uint256 indexed period, uint256 amountMg, bytes32 reasonHash);

    error NotRegulator(address caller, address regulator);
    error NotOffered(address caller, address offeredTo);
    error NotSiteAccount(address caller, address account);
    error ZeroAccount();
    error UnknownSite(bytes32 siteId);
    error SiteExists(bytes32 siteId);
    error UnknownPeriod(uint256 period);
    /// @notice The dates of a period are out of order, or a window is out of bounds.
    error BadDates(Period dates);
    error PeriodClosed(uint256 period, uint256 closedAt);
    error AmountTooLarge(uint256 amount, uint256 amountMax);
    error TooEarly(uint256 opensAt);
    /// @notice No total of the site stands yet: it has not reported, can still be challenged, or was convicted.
    error NotSettled(bytes32 siteId, uint256 period);
    error AlreadyShort(uint256 shortMg);
    error NothingShort();
    /// @notice More than is owed, or nothing although something is.
    error WrongSurrender(uint256 amountMg, uint256 owedMg);
    error AlreadyReleased(bytes32 siteId, uint256 period);

    // ---- regulator ----

    /// @notice Offers the regulator's seat; it passes on when `to` accepts it.
    function offerRegulator(address to) external;
    function acceptRegulator() external;
    /// @param account Who acts for the site. The regulator cannot replace it later: only the account itself hands the seat on.
    function registerSite(bytes32 siteId, address account) external;
    /// @return period Ids count from 1.
    function openPeriod(Period calldata dates) external returns (uint256 period);
    /// @notice Gives allowances to a site. They are held until it has surrendered; if it already has, they are its account's at once.
    function issue(bytes32 siteId, uint256 period, uint256 amountMg) external;

    // ---- site ----

    function offerSeat(bytes32 siteId, address to) external;
    function acceptSeat(bytes32 siteId) external;
    /// @notice Surrenders allowances of the period against the site's total: first those held, then the account's own. May be done in parts, and after the deadline. When all is surrendered the rest of those held is
    /// the account's. A total of 0 is surrendered by an amount of 0.
    function surrender(bytes32 siteId, uint256 period, uint256 amountMg) external;

    // ---- anybody ----

    /// @notice Writes down what was missing at the deadline. A later surrender does not change it.
    function recordShortfall(bytes32 siteId, uint256 period) external;
    /// @notice Cancels allowances of the sender's for good, without owing them.
    function retire(uint256 period, uint256 amountMg, bytes32 reasonHash) external;

    // ---- what is known ----

    function regulator() external view returns (address);
    function periodCount() external view returns (uint256);
    /// @notice Reverts if there is no such period.
    function periodOf(uint256 period) external view returns (Period memory);
    /// @notice Reverts if there is no such site.
    function accountOf(bytes32 siteId) external view returns (address);
    function standingOf(bytes32 siteId, uint256 period) external view returns (Standing memory);
    /// @notice `issued = held + totalSupply + surrendered + retired`, always.
    function supplyOf(uint256 period) external view returns (uint256 issued, uint256 held, uint256 surrendered, uint256 retired);
    /// @notice The sum of balances.
    function totalSupply(uint256 period) external view returns (uint256);
    function decimals(uint256 period) external view returns (uint8);
}
