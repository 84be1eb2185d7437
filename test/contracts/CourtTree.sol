// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What stands for a node: its hash, and what it sums up to two numbers.
struct Node {
    bytes32 hash;
    uint256 a;
    uint256 b;
}

/// @title Builds a market's trees in memory, for tests: slow, and sharing no code with what verifies them.
library CourtTree {
    uint8 internal constant PLAIN = 1;
    uint8 internal constant TIERS = 2;
    uint8 internal constant FILLS = 4;
    uint8 internal constant BALANCES = 5;

    function join(uint8 kind, Node memory left, Node memory right) internal pure returns (Node memory) {
        bytes memory both = bytes.concat(record(kind, left), record(kind, right));
        return Node(keccak256(abi.encodePacked(kind, both)), left.a + right.a, left.b + right.b);
    }

    function record(uint8 kind, Node memory node) internal pure returns (bytes memory) {
        if (kind == PLAIN) return abi.encodePacked(node.hash);
        if (kind == TIERS) return abi.encodePacked(node.hash, uint64(node.a));
        if (kind == FILLS) return abi.encodePacked(node.hash, uint64(node.a), uint64(node.b));
        return abi.encodePacked(node.hash, uint128(node.a), uint128(node.b));
    }

    /// @dev The leaves, filled up to a power of two.
    function padded(Node[] memory leaves, Node memory pad) internal pure returns (Node[] memory level) {
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        level = new Node[](width);
        for (uint256 i = 0; i < width; ++i) {
            level[i] = i < leaves.length ? leaves[i] : pad;
        }
    }

    function above(uint8 kind, Node[] memory level) internal pure returns (Node[] memory next) {
        next = new Node[](level.length / 2);
        for (uint256 i = 0; i < next.length; ++i) {
            next[i] = join(kind, level[2 * i], level[2 * i + 1]);
        }
    }

    function root(uint8 kind, Node[] memory leaves, Node memory pad) internal pure returns (Node memory) {
        Node[] memory level = padded(leaves, pad);
        while (level.length > 1) level = above(kind, level);
        return level[0];
    }

    function path(uint8 kind, Node[] memory leaves, Node memory pad, uint256 index) internal pure returns (bytes memory packed) {
        Node[] memory level = padded(leaves, pad);
        while (level.length > 1) {
            packed = bytes.concat(packed, record(kind, level[index ^ 1]));
            level = above(kind, level);
            index /= 2;
        }
    }
}
