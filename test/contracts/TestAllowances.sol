// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";

/// @notice Allowances that anybody may mint, and that can keep a part of what is moved or be stopped.
contract TestAllowances is ERC6909 {
    uint256 public feePerMille;
    bool public isStopped;

    error Stopped();

    function mint(address to, uint256 period, uint256 amount) external {
        _mint(to, period, amount);
    }

    function takeFee(uint256 perMille) external {
        feePerMille = perMille;
    }

    function stop(bool on) external {
        isStopped = on;
    }

    function _update(address from, address to, uint256 id, uint256 amount) internal override {
        if (isStopped) revert Stopped();
        super._update(from, to, id, amount);
        if (from != address(0) && to != address(0) && feePerMille != 0) super._update(to, address(0), id, amount * feePerMille / 1000);
    }
}
