// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TestToken} from "./TestToken.sol";

contract EighteenDecimalsToken is TestToken {
    function decimals() public pure override returns (uint8) {
        return 18;
    }
}

/// @notice Keeps one per cent of what is moved.
contract FeeToken is TestToken {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0), value / 100);
    }
}

/// @notice Can be stopped, and refuses accounts.
contract StrictToken is TestToken {
    bool public isPaused;
    mapping(address account => bool) public isRefused;

    error Paused();
    error Refused(address account);

    function pause(bool on) external {
        isPaused = on;
    }

    function refuse(address account) external {
        isRefused[account] = true;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (isPaused) revert Paused();
        if (isRefused[from]) revert Refused(from);
        if (isRefused[to]) revert Refused(to);
        super._update(from, to, value);
    }
}

/// @notice Calls whoever was told, in the middle of a transfer.
contract CallingToken is TestToken {
    address private _target;
    bytes private _input;
    bool public answered;
    bytes public answer;

    function callBack(address target, bytes calldata input) external {
        (_target, _input) = (target, input);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target == address(0)) return;
        (address target, bytes memory input) = (_target, _input);
        _target = address(0);
        (answered, answer) = target.call(input);
    }
}

/// @notice Returns nothing from its transfers, as some of the oldest tokens do.
contract SilentToken {
    uint8 public constant decimals = 6;
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
