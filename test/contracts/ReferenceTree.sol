// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The recursive definitions of RFC 9162 §2.1, slow and plain, and turned round to judge proofs: the twin in Solidity of
/// test/helpers/reference-merkle.ts. Shares no code with LogProof.
library ReferenceTree {
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function leaf(bytes memory data) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x00), data));
    }

    /// @notice The largest power of two smaller than n, for n > 1.
    function split(uint256 n) internal pure returns (uint256 k) {
        k = 1;
        while (k * 2 < n) k *= 2;
    }

    /// @notice MTH(D[from:to]) over leaf hashes.
    function mth(bytes32[] memory leaves, uint256 from, uint256 to) internal pure returns (bytes32) {
        if (from == to) return sha256("");
        if (to - from == 1) return leaves[from];
        uint256 middle = from + split(to - from);
        return node(mth(leaves, from, middle), mth(leaves, middle, to));
    }

    /// @notice PATH(m, D[from:to]); m counts from `from`.
    function path(uint256 m, bytes32[] memory leaves, uint256 from, uint256 to) internal pure returns (bytes32[] memory) {
        uint256 n = to - from;
        if (n == 1) return new bytes32[](0);
        uint256 k = split(n);
        if (m < k) return append(path(m, leaves, from, from + k), mth(leaves, from + k, to));
        return append(path(m - k, leaves, from + k, to), mth(leaves, from, from + k));
    }

    /// @notice SUBPROOF(m, D[from:to], b). PROOF(m, D_n) is SUBPROOF(m, D_n, true).
    function subproof(uint256 m, bytes32[] memory leaves, uint256 from, uint256 to, bool b) internal pure returns (bytes32[] memory) {
        uint256 n = to - from;
        if (m == n) return b ? new bytes32[](0) : append(new bytes32[](0), mth(leaves, from, to));
        uint256 k = split(n);
        if (m <= k) return append(subproof(m, leaves, from, from + k, b), mth(leaves, from + k, to));
        return append(subproof(m - k, leaves, from + k, to, false), mth(leaves, from, from + k));
    }

    /// @notice PATH turned round, reading the first `length` hashes: whether they fit the shape, and the root that they lead to.
    function rootFromPath(bytes32 leaf_, uint256 m, uint256 n, bytes32[] memory proof, uint256 length)
        internal
        pure
        returns (bool fits, bytes32 root)
    {
        if (m >= n) return (false, 0);
        if (n == 1) return (length == 0, leaf_);
        if (length == 0) return (false, 0);
        uint256 k = split(n);
        bytes32 last = proof[length - 1];
        if (m < k) {
            (fits, root) = rootFromPath(leaf_, m, k, proof, length - 1);
            return (fits, node(root, last));
        }
        (fits, root) = rootFromPath(leaf_, m - k, n - k, proof, length - 1);
        return (fits, node(last, root));
    }

    /// @notice SUBPROOF turned round, reading the first `length` hashes: whether they fit the shape, and the two roots.
    function rootsFromSubproof(uint256 m, uint256 n, bool b, bytes32 oldRoot, bytes32[] memory proof, uint256 length)
        internal
        pure
        returns (bool fits, bytes32 root1, bytes32 root2)
    {
        if (m == n && b) return (length == 0, oldRoot, oldRoot);
        if (length == 0) return (false, 0, 0);
        bytes32 last = proof[length - 1];
        if (m == n) return (length == 1, last, last);
        uint256 k = split(n);
        if (m <= k) {
            (fits, root1, root2) = rootsFromSubproof(m, k, b, oldRoot, proof, length - 1);
            return (fits, root1, node(root2, last));
        }
        (fits, root1, root2) = rootsFromSubproof(m - k, n - k, false, oldRoot, proof, length - 1);
        return (fits, node(last, root1), node(last, root2));
    }

    function append(bytes32[] memory list, bytes32 last) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = last;
    }
}
