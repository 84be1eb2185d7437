// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Balance, MarketTypes, Tier} from "../../contracts/MarketTypes.sol";

/// @notice A market's trees the slow way: all leaves, level by level, no assembly.
library MarketTree {
    /// @dev A node's hash and its sums; trees without sums leave them zero.
    struct Node {
        bytes32 hash;
        uint256 first;
        uint256 second;
    }

    uint8 internal constant PLAIN = 0x01;
    uint8 internal constant TIER = 0x02;
    uint8 internal constant FILL = 0x04;
    uint8 internal constant BALANCE = 0x05;

    /// @notice The root over the leaves, padded, and the path of the one at `index`. The leaves are left as they are.
    function walk(uint8 kind, Node[] memory leaves, Node memory pad, uint256 index)
        internal
        pure
        returns (Node memory root, bytes memory path)
    {
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        Node[] memory level = new Node[](width);
        for (uint256 i = 0; i < width; ++i) {
            level[i] = i < leaves.length ? leaves[i] : pad;
        }
        while (width > 1) {
            path = bytes.concat(path, item(kind, level[index ^ 1]));
            width /= 2;
            for (uint256 i = 0; i < width; ++i) {
                level[i] = parent(kind, level[2 * i], level[2 * i + 1]);
            }
            index /= 2;
        }
        root = level[0];
    }

    /// @notice A child as its parent has it.
    function item(uint8 kind, Node memory node) internal pure returns (bytes memory) {
        if (kind == PLAIN) return abi.encodePacked(node.hash);
        if (kind == TIER) return abi.encodePacked(node.hash, uint64(node.first));
        if (kind == FILL) return abi.encodePacked(node.hash, uint64(node.first), uint64(node.second));
        return abi.encodePacked(node.hash, uint128(node.first), uint128(node.second));
    }

    function parent(uint8 kind, Node memory left, Node memory right) internal pure returns (Node memory) {
        return Node(
            keccak256(bytes.concat(bytes1(kind), item(kind, left), item(kind, right))), left.first + right.first, left.second + right.second
        );
    }

    /// @notice Nodes of a side's tiers and one sentinel behind them.
    function tierLeaves(Tier[] memory tiers, bool isBids) internal pure returns (Node[] memory nodes, Node memory sentinel) {
        sentinel = Node(MarketTypes.leaf(sentinelOf(isBids)), 0, 0);
        nodes = new Node[](tiers.length + 1);
        for (uint256 i = 0; i < tiers.length; ++i) {
            nodes[i] = Node(MarketTypes.leaf(tiers[i]), tiers[i].quantityWh, 0);
        }
        nodes[tiers.length] = sentinel;
    }

    function sentinelOf(bool isBids) internal pure returns (Tier memory) {
        return Tier(isBids ? 0 : type(uint64).max, 0, 0);
    }

    function balanceLeaves(Balance[] memory balances) internal pure returns (Node[] memory nodes) {
        nodes = new Node[](balances.length);
        for (uint256 i = 0; i < balances.length; ++i) {
            (uint128 credit, uint128 debit) = MarketTypes.creditDebit(balances[i].cumNano);
            nodes[i] = Node(MarketTypes.leaf(balances[i]), credit, debit);
        }
    }
}
