// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ICarbonAllowance, Period, Standing} from "./ICarbonAllowance.sol";
import {ICarbonReports} from "./ICarbonReports.sol";

/// @title Emission allowances that are surrendered against what a site's log adds up to. See ICarbonAllowance.
/// @dev Balances are OpenZeppelin's ERC6909, with the period as id. Calls nobody else's code but the reports' view, so that nothing can call back.
contract CarbonAllowance is ERC6909, ICarbonAllowance {
    struct Site {
        address account;
        address offeredTo;
    }

    /// @dev What `Standing` tells, as it is kept.
    struct Account {
        uint128 held;
        uint128 surrendered;
        uint128 shortMg;
        bool isReleased;
        bool isShortRecorded;
    }

    struct Supply {
        uint128 issued;
        uint128 held;
        uint128 surrendered;
        uint128 retired;
    }

    uint32 private constant WINDOW_MIN = 1 days;
    uint32 private constant WINDOW_MAX = 365 days;
    uint24 private constant ANSWER_MIN = 1 hours;
    /// @dev 10^15 t: far beyond what the world emits, and no sum of such amounts comes near 128 bits.
    uint256 private constant AMOUNT_MAX = 1e24;

    ICarbonReports public immutable reports;

    address public regulator;
    address private _regulatorOfferedTo;
    uint256 public periodCount;
    mapping(uint256 period => Period) private _periods;
    mapping(uint256 period => Supply) private _supplies;
    mapping(bytes32 siteId => Site) private _sites;
    mapping(bytes32 siteId => mapping(uint256 period => Account)) private _accounts;

    modifier onlyRegulator() {
        if (msg.sender != regulator) revert NotRegulator(msg.sender, regulator);
        _;
    }

    /// @param reports_ May be deployed behind this, and MUST have been made for this address: look before you rely on it.
    constructor(ICarbonReports reports_, address regulator_) {
        if (regulator_ == address(0) || address(reports_) == address(0)) revert ZeroAccount();
        reports = reports_;
        regulator = regulator_;
        emit RegulatorChanged(address(0), regulator_);
    }

    // ---- regulator ----

    /// @inheritdoc ICarbonAllowance
    function offerRegulator(address to) external onlyRegulator {
        _regulatorOfferedTo = to;
        emit RegulatorOffered(to);
    }

    /// @inheritdoc ICarbonAllowance
    function acceptRegulator() external {
        address offeredTo = _regulatorOfferedTo;
        if (msg.sender != offeredTo) revert NotOffered(msg.sender, offeredTo);
        emit RegulatorChanged(regulator, offeredTo);
        regulator = offeredTo;
        _regulatorOfferedTo = address(0);
    }

    /// @inheritdoc ICarbonAllowance
    function registerSite(bytes32 siteId, address account) external onlyRegulator {
        if (account == address(0)) revert ZeroAccount();
        Site storage site = _sites[siteId];
        if (site.account != address(0)) revert SiteExists(siteId);
        site.account = account;
        emit SiteRegistered(siteId, account);
    }

    /// @inheritdoc ICarbonAllowance
    function openPeriod(Period calldata dates) external onlyRegulator returns (uint256 period) {
        bool isInOrder = dates.from < dates.to && dates.to <= dates.coverFrom && dates.coverFrom < dates.reportDeadline
            && block.timestamp < dates.reportDeadline
            // The last report can be challenged, and the last demand be answered, before allowances are due.
            && uint256(dates.reportDeadline) + dates.challengeWindow + dates.answerWindow <= dates.surrenderDeadline;
        bool isInBounds = dates.challengeWindow >= WINDOW_MIN && dates.challengeWindow <= WINDOW_MAX && dates.answerWindow >= ANSWER_MIN;
        if (!isInOrder || !isInBounds) revert BadDates(dates);
        period = ++periodCount;
        _periods[period] = dates;
        emit PeriodOpened(period, dates);
    }

    /// @inheritdoc ICarbonAllowance
    function issue(bytes32 siteId, uint256 period, uint256 amountMg) external onlyRegulator {
        Site storage site = _siteOf(siteId);
        Period memory dates = _datesOf(period);
        if (block.timestamp >= dates.surrenderDeadline) revert PeriodClosed(period, dates.surrenderDeadline);
        uint128 amount = _amount(amountMg);
        Supply storage supply = _supplies[period];
        supply.issued += amount;
        emit Issued(siteId, period, amount);
        Account storage account = _accounts[siteId][period];
        if (account.isReleased) {
            emit Released(siteId, period, site.account, amount);
            _mint(site.account, period, amount);
        } else {
            supply.held += amount;
            account.held += amount;
        }
    }

    // ---- site ----

    /// @inheritdoc ICarbonAllowance
    function offerSeat(bytes32 siteId, address to) external {
        _onlyAccount(siteId).offeredTo = to;
        emit SeatOffered(siteId, to);
    }

    /// @inheritdoc ICarbonAllowance
    function acceptSeat(bytes32 siteId) external {
        Site storage site = _siteOf(siteId);
        address offeredTo = site.offeredTo;
        if (msg.sender != offeredTo) revert NotOffered(msg.sender, offeredTo);
        emit SeatChanged(siteId, site.account, offeredTo);
        site.account = offeredTo;
        site.offeredTo = address(0);
    }

    /// @inheritdoc ICarbonAllowance
    function surrender(bytes32 siteId, uint256 period, uint256 amountMg) external {
        Site storage site = _onlyAccount(siteId);
        Account storage account = _accounts[siteId][period];
        if (account.isReleased) revert AlreadyReleased(siteId, period);
        uint256 owed = _owed(siteId, period, account);
        if (amountMg > owed || (amountMg == 0) != (owed == 0)) revert WrongSurrender(amountMg, owed);
        // What was missing at the deadline stays on record, whatever comes later.
        if (owed > 0 && !account.isShortRecorded && block.timestamp >= _periods[period].surrenderDeadline) {
            _recordShort(siteId, period, account, uint128(owed));
        }

        uint128 amount = uint128(amountMg);
        uint128 ofHeld = amount < account.held ? amount : account.held;
        Supply storage supply = _supplies[period];
        account.surrendered += amount;
        account.held -= ofHeld;
        supply.surrendered += amount;
        supply.held -= ofHeld;
        emit Surrendered(siteId, period, amount, owed - amount);
        if (amount > ofHeld) _burn(msg.sender, period, amount - ofHeld);
        if (amount < owed) return;

        uint128 rest = account.held;
        account.isReleased = true;
        account.held = 0;
        supply.held -= rest;
        emit Released(siteId, period, site.account, rest);
        _mint(site.account, period, rest);
    }

    // ---- anybody ----

    /// @inheritdoc ICarbonAllowance
    function recordShortfall(bytes32 siteId, uint256 period) external {
        Period memory dates = _datesOf(period);
        if (block.timestamp < dates.surrenderDeadline) revert TooEarly(dates.surrenderDeadline);
        Account storage account = _accounts[siteId][period];
        if (account.isShortRecorded) revert AlreadyShort(account.shortMg);
        uint256 short = _owed(siteId, period, account);
        if (short == 0) revert NothingShort();
        _recordShort(siteId, period, account, uint128(short));
    }

    /// @inheritdoc ICarbonAllowance
    function retire(uint256 period, uint256 amountMg, bytes32 reasonHash) external {
        _datesOf(period);
        uint128 amount = _amount(amountMg);
        _burn(msg.sender, period, amount);
        _supplies[period].retired += amount;
        emit Retired(msg.sender, period, amount, reasonHash);
    }

    // ---- what is known ----

    /// @inheritdoc ICarbonAllowance
    function periodOf(uint256 period) external view returns (Period memory) {
        return _datesOf(period);
    }

    /// @inheritdoc ICarbonAllowance
    function accountOf(bytes32 siteId) external view returns (address) {
        return _siteOf(siteId).account;
    }

    /// @inheritdoc ICarbonAllowance
    function standingOf(bytes32 siteId, uint256 period) external view returns (Standing memory) {
        Account memory account = _accounts[siteId][period];
        return Standing(account.held, account.surrendered, account.shortMg, account.isReleased, account.isShortRecorded);
    }

    /// @inheritdoc ICarbonAllowance
    function supplyOf(uint256 period) external view returns (uint256 issued, uint256 held, uint256 surrendered, uint256 retired) {
        Supply memory supply = _supplies[period];
        return (supply.issued, supply.held, supply.surrendered, supply.retired);
    }

    /// @inheritdoc ICarbonAllowance
    function totalSupply(uint256 period) external view returns (uint256) {
        Supply memory supply = _supplies[period];
        return uint256(supply.issued) - supply.held - supply.surrendered - supply.retired;
    }

    /// @inheritdoc ICarbonAllowance
    function decimals(uint256) external pure returns (uint8) {
        return 9;
    }

    /// @inheritdoc ERC6909
    function supportsInterface(bytes4 interfaceId) public view override(ERC6909, IERC165) returns (bool) {
        return ERC6909.supportsInterface(interfaceId);
    }

    // ---- the rest ----

    function _siteOf(bytes32 siteId) private view returns (Site storage site) {
        site = _sites[siteId];
        if (site.account == address(0)) revert UnknownSite(siteId);
    }

    function _onlyAccount(bytes32 siteId) private view returns (Site storage site) {
        site = _siteOf(siteId);
        if (msg.sender != site.account) revert NotSiteAccount(msg.sender, site.account);
    }

    function _datesOf(uint256 period) private view returns (Period memory) {
        if (period == 0 || period > periodCount) revert UnknownPeriod(period);
        return _periods[period];
    }

    function _amount(uint256 amountMg) private pure returns (uint128) {
        if (amountMg > AMOUNT_MAX) revert AmountTooLarge(amountMg, AMOUNT_MAX);
        return uint128(amountMg);
    }

    /// @dev What is left to surrender. A total that is settled does not change, so this never falls below zero.
    function _owed(bytes32 siteId, uint256 period, Account storage account) private view returns (uint256) {
        (bool isSettled, uint256 totalMg) = reports.totalOf(siteId, period);
        if (!isSettled) revert NotSettled(siteId, period);
        return totalMg - account.surrendered;
    }

    function _recordShort(bytes32 siteId, uint256 period, Account storage account, uint128 short) private {
        account.isShortRecorded = true;
        account.shortMg = short;
        emit ShortfallRecorded(siteId, period, short);
    }
}
