// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Tells whether an account signed a digest: a key by ECDSA, a contract by ERC-1271.
/// @notice A key's signature has 65 bytes, r ‖ s ‖ v, with low s and v of 27 or 28, so that nobody can make a second one of it. [EIP-2]
library MarketSignature {
    /// @dev An account with code is asked first and only: what a contract once signed as a key says nothing about it.
    function isBy(address account, bytes32 digest, bytes memory signature) internal view returns (bool) {
        if (account == address(0)) return false;
        if (account.code.length == 0) {
            (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecover(digest, signature);
            return problem == ECDSA.RecoverError.NoError && recovered == account;
        }
        (bool answered, bytes memory answer) = account.staticcall(abi.encodeCall(IERC1271.isValidSignature, (digest, signature)));
        return answered && answer.length >= 32 && abi.decode(answer, (bytes32)) == bytes32(IERC1271.isValidSignature.selector);
    }
}
